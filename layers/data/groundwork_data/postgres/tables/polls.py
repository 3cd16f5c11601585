"""Polls of the last 30 days, in daily partitions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class PollRow(Row):
    """One poll of a source. Polls outlive their source until their partition is dropped."""

    __tablename__ = "polls"
    __table_args__ = (
        CheckConstraint("length(status) <= 20", name="status"),
        CheckConstraint("length(error) <= 40", name="error"),
        Index("ix_polls_source_id_at", "source_id", "at"),
    )
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    status: Mapped[str]
    http_status: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    new: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str | None]
    redirects: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)
