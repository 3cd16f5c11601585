"""What is remembered of requests: answers to be repeated, and how many there may be."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class KeptAnswer(Row):
    """The answer to a request with an Idempotency-Key, sealed with what only that key yields."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_expires_at", "expires_at"),)
    id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]


class RateBucket(Row):
    """The tokens of a principal, one for each request. Unlogged: after a crash all are full."""

    __tablename__ = "rate_buckets"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - as SQLAlchemy wants it
    principal: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Double)
    granted: Mapped[float] = mapped_column(Double)
    """What the last lease got."""
    filled_at: Mapped[datetime]
