"""Stored responses of repeated requests, and rate limits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class KeptAnswer(Row):
    """The response to a request with an Idempotency-Key, encrypted with a key derived from it."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_expires_at", "expires_at"),)
    id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]


class RateBucket(Row):
    """The token bucket of a principal. Unlogged: after a crash all buckets are full."""

    __tablename__ = "rate_buckets"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - as SQLAlchemy wants it
    principal: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Double)
    granted: Mapped[float] = mapped_column(Double)
    """The tokens that the last lease got."""
    filled_at: Mapped[datetime]
