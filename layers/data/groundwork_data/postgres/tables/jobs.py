"""Jobs of AI workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.bounds import ERROR_BYTES_MAX, json_bound
from groundwork_data.postgres.tables.row import Aggregate, Row


class Job(Aggregate, Row):
    """A piece of work: queued, leased to one worker at a time, and succeeded or failed."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'leased', 'succeeded', 'failed', 'quarantined', 'cancelled')",
            name="status",
        ),
        CheckConstraint("kind ~ '^[a-z][a-z0-9_]{0,62}$'", name="kind"),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("max_attempts BETWEEN 1 AND 100", name="max_attempts"),
        CheckConstraint("attempt BETWEEN 0 AND max_attempts", name="attempt"),
        CheckConstraint(
            "(status = 'leased') = (lease_owner IS NOT NULL AND leased_until IS NOT NULL)",
            name="lease",
        ),
        json_bound("payload"),
        json_bound("result"),
        json_bound("error", ERROR_BYTES_MAX),
        Index("uq_jobs_idempotency_key", "idempotency_key", unique=True),
        Index("ix_jobs_status", "status", "id"),
        Index("ix_jobs_kind", "kind", "id"),
        Index("ix_jobs_priority_id", "priority", "id"),
        Index("ix_jobs_document_id", "document_id"),
        Index(
            "ix_jobs_waiting",
            "kind",
            text("priority DESC"),
            "id",
            postgresql_where=text("status = 'queued'"),
        ),
        Index("ix_jobs_leased_until", "leased_until", postgresql_where=text("status = 'leased'")),
    )
    kind: Mapped[str]
    priority: Mapped[int] = mapped_column(BigInteger, server_default=text("5"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(BigInteger, server_default=text("5"))
    progress: Mapped[float] = mapped_column(Double, server_default=text("0"))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    lease_owner: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    queued_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When it was last sent to its queue; the sweep sends jobs that wait too long again."""
    idempotency_key: Mapped[str | None]
    """E.g. `extract:<document>:<revision>`: the same work is queued only once."""
