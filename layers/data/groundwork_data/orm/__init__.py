"""SQLAlchemy 2 models of every table, and sessions, for programs of other teams.

    from groundwork_data.orm import Document, session

    with session(actor="summarizer/2") as reading:
        newest = reading.scalars(select(Document).order_by(Document.id.desc()).limit(10)).all()

docs/orm.md describes each table. A test compares these models with the migrations.
"""

from groundwork_data.orm.sessions import Access, learn_model, session
from groundwork_data.postgres import tables
from groundwork_data.postgres.tables import *  # noqa: F403 - its __all__ is the list of models

__all__ = ["Access", "learn_model", "session"]
__all__ += tables.__all__
