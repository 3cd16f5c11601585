"""Jobs: queued, leased to one worker at a time, ended as succeeded or failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.jobs.contract import KIND_PATTERN, JobContract

EXTRACT = "extract"


class FailureClass(StrEnum):
    """The class of a failed attempt."""

    RETRYABLE = "retryable"
    """A service failed; the same job may succeed later."""
    INTERNAL = "internal"
    """The worker has a fault; another attempt may succeed."""
    LEASE_EXPIRED = "lease_expired"
    """The worker did not respond before the lease expired."""
    CRASHED = "crashed"
    """Three leases in a row expired without one status report: the job kills its workers."""
    BAD_INPUT = "bad_input"
    """The document cannot be processed; a retry is pointless."""
    BAD_RESULT = "bad_result"
    """The worker's result breaks the contract; a retry is pointless."""

    @property
    def final(self) -> bool:
        """True if another attempt would be pointless."""
        return self in (FailureClass.BAD_INPUT, FailureClass.BAD_RESULT)


class JobMessage(BaseModel):
    """The message on a job queue. Workers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, title="Job")

    contract: JobContract
    job_id: UUID
    kind: str = Field(pattern=KIND_PATTERN)
    attempt_hint: int = Field(
        1, ge=1, description="The number of the attempt when the message was sent."
    )
    payload: dict[str, JsonValue] = Field(
        description="For kind extract: document_id and revision of the document to work on."
    )


class JobError(BaseModel):
    """The failure of a job's last attempt."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    failure: FailureClass = Field(alias="class")
    message: str


class WorkerJob(BaseModel):
    """A job as a worker gets it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    kind: str
    priority: int
    payload: dict[str, JsonValue]
    status: str
    attempt: int
    max_attempts: int
    progress: float
    document_id: UUID | None
    lease_owner: str | None
    leased_until: datetime | None
    lease_token: UUID | None = None

    def is_held(self, token: UUID, now: datetime) -> bool:
        """Return whether `token` is that of the current lease and the lease has not expired."""
        return (
            self.status == "leased"
            and self.lease_token == token
            and self.leased_until is not None
            and self.leased_until > now
        )


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job to insert; nothing is inserted if its idempotency key is known."""

    kind: str
    payload: dict[str, JsonValue]
    document_id: UUID | None
    idempotency_key: str | None


def extract_job(document_id: UUID, revision: int) -> JobRow:
    """Return the extraction job of one revision of a document; queued only once."""
    return JobRow(
        kind=EXTRACT,
        payload={"document_id": str(document_id), "revision": revision},
        document_id=document_id,
        idempotency_key=f"{EXTRACT}:{document_id}:{revision}",
    )
