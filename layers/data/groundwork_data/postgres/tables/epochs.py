"""Epochs of this database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class Epoch(Row):
    """The time between two restores. A restore begins a new epoch."""

    __tablename__ = "epochs"
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    floor: Mapped[int] = mapped_column(BigInteger)
    """The lowest version of changes in it: microseconds of its beginning, 0 for the first."""
    reason: Mapped[str]
    server: Mapped[str]
    """Cluster, timeline and database of its writes; data found elsewhere was restored."""
    began_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
