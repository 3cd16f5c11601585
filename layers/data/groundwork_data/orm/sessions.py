"""Sessions that read, or write under the same rules as functions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import SessionTransaction

Access = Literal["read", "write"]

CONNECT_TIMEOUT_SECONDS = 10
ACTOR_MAX = 100
ENGINES_MAX = 8
"""Databases whose connections are kept."""

READ_ONLY = text("SET TRANSACTION READ ONLY")
ACT_AS = text("SELECT set_config('groundwork.actor', :actor, true)")

LEARN = text("SELECT groundwork_learn_embedding_model(:name, :dimensions)")


@contextmanager
def session(url: str | None = None, *, actor: str, access: Access = "read") -> Iterator[Session]:
    """Run one transaction: commit at the end of the block, roll back on an exception.

    Writes run the same triggers as every other write: versions, the outbox, the audit log and the
    order of jobs. The relay delivers them at its next sweep, within a minute.

    Args:
        url: `postgresql://user:password@host:port/name`. Default: DATABASE_URL.
        actor: Name and version of the program, as in `summarizer/2`; the audit log names it as
            `worker:summarizer/2`, and so does pg_stat_activity.
        access: With `read`, Postgres refuses every write. With `write`, the session may write what
            its
            role may.

    Raises:
        ValueError: there is no actor, or no URL.
        sqlalchemy.exc.InternalError: a write in a session that reads.
        sqlalchemy.exc.ProgrammingError: the role may not do this.
        sqlalchemy.orm.exc.StaleDataError: the row has another version than the one that was read.
    """
    if not 0 < len(actor) <= ACTOR_MAX or not actor.isprintable():
        message = f"`actor` must be a name of 1 to {ACTOR_MAX} printable characters"
        raise ValueError(message)
    url = url or os.environ.get("DATABASE_URL")
    if not url:
        raise ValueError("give `url`, or set DATABASE_URL")
    with Session(_engine(url)) as opened:
        event.listen(opened, "after_begin", _beginning(actor, access))
        with opened.begin():
            yield opened


def learn_model(writing: Session, name: str, dimensions: int) -> None:
    """Register an embedding model and create the index of its vectors, before its first vector.

    Idempotent. Raises sqlalchemy.exc.DataError if the model has other dimensions.
    """
    writing.execute(LEARN, {"name": name, "dimensions": dimensions})


def _beginning(
    actor: str, access: Access
) -> Callable[[Session, SessionTransaction, Connection], None]:
    """Return the function that runs first in each transaction of a session."""
    name = f"worker:{actor}"
    said = json.dumps({"actor": name})

    def begin(_session: Session, _part: SessionTransaction, connection: Connection) -> None:
        if access == "read":
            connection.execute(READ_ONLY)
        connection.execute(ACT_AS, {"actor": said})
        connection.execute(
            text("SELECT set_config('application_name', :name, true)"), {"name": name[:63]}
        )

    return begin


@lru_cache(maxsize=ENGINES_MAX)
def _engine(url: str) -> Engine:
    """Return the connection pool of a database, which opens connections when they are needed."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        # Poolers between client and server do not keep prepared statements.
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "prepare_threshold": None},
    )
