"""Jobs of AI workers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Computed,
    Double,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_core.jobs.lease_rules import CHECKPOINT_BYTES_MAX, MESSAGE_MAX, REFERENCE_MAX
from groundwork_data.postgres.tables.bounds import ERROR_BYTES_MAX, json_bound
from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.documents import Document
    from groundwork_data.postgres.tables.knowledge import Mention, ResultPart

WAITING = text("status = 'queued' AND not_before IS NULL")


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
        json_bound("checkpoint", CHECKPOINT_BYTES_MAX),
        CheckConstraint(f"char_length(message) <= {MESSAGE_MAX}", name="message_length"),
        CheckConstraint(f"char_length(reference) <= {REFERENCE_MAX}", name="reference_length"),
        Index("uq_jobs_idempotency_key", "idempotency_key", unique=True),
        Index("ix_jobs_status", "status", "id"),
        Index("ix_jobs_kind", "kind", "id"),
        Index("ix_jobs_priority_id", "priority", "id"),
        Index("ix_jobs_document_id", "document_id"),
        Index("ix_jobs_order", "kind", "sort_key", "id", postgresql_where=WAITING),
        Index(
            "ix_jobs_waiting_since",
            "kind",
            text("(created_at AT TIME ZONE 'UTC')"),
            "id",
            postgresql_where=WAITING,
        ),
        Index(
            "ix_jobs_lease_owner",
            "lease_owner",
            postgresql_where=text("status = 'leased' AND lease_owner LIKE 'queue:%'"),
        ),
        Index(
            "ix_jobs_turn",
            "kind",
            "party",
            "priority",
            "sort_key",
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_jobs_not_before",
            "not_before",
            postgresql_where=text("status = 'queued' AND not_before IS NOT NULL"),
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
    """Time of its last message to its queue; the sweep sends jobs that wait too long again."""
    idempotency_key: Mapped[str | None]
    """E.g. `extract:<document>:<revision>`: the same work is queued only once."""
    party: Mapped[str] = mapped_column(server_default="")
    """Whose work it is (the document's source, or who asked): parties take turns."""
    turn_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    """Delay in the order of leases, so that jobs of other parties are leased in between."""
    sort_key: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=False),
        Computed(
            "(created_at AT TIME ZONE 'UTC') - priority * interval '5 minutes'"
            " + turn_seconds * interval '1 second'",
            persisted=True,
        ),
    )
    """The order in which queued jobs of a kind are leased."""
    not_before: Mapped[datetime | None]
    """The time until which a queued job pauses: before a retry, or for an outside batch."""
    reference: Mapped[str | None]
    """The outside batch that a deferred job waits for, in its worker's words."""
    message: Mapped[str | None]
    checkpoint: Mapped[Any | None] = mapped_column(JSONB)
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    lease_token: Mapped[UUID | None] = mapped_column(deferred=True)
    """The present lease's fencing token; it never leaves in the outbox."""
    lease_seconds: Mapped[int | None] = mapped_column(BigInteger)
    """Seconds by which each status report extends the lease."""
    heard_at: Mapped[datetime | None]
    """The last status report of the present lease."""
    progress_sent_at: Mapped[datetime | None]
    """The last status report that became a live event."""
    silent_expiries: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Leases in a row that expired without one status report."""
    leases: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    outcome: Mapped[str | None]
    """End of its last lease; a trigger copies it to `job_attempts`."""

    document: Mapped[Document | None] = parent("jobs")
    attempts: Mapped[list[JobAttempt]] = children("job", order_by="JobAttempt.number")
    result_parts: Mapped[list[ResultPart]] = children("job", order_by="ResultPart.part")
    mentions: Mapped[list[Mention]] = children("job")


class JobAttempt(Row):
    """One lease of a job: who had it, when, and how it ended. A trigger writes it."""

    __tablename__ = "job_attempts"
    __table_args__ = (
        Index("uq_job_attempts_lease_token", "lease_token", unique=True),
        Index("ix_job_attempts_job_id_number", "job_id", "number"),
        Index("ix_job_attempts_ended_at", "ended_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(BigInteger)
    lease_token: Mapped[UUID] = mapped_column(deferred=True)
    worker: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    job: Mapped[Job] = parent("attempts")
