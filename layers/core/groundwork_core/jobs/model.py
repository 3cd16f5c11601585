"""A job: queued, leased to one worker at a time, and ended one way or another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.jobs.contract import KIND_PATTERN, JobContract

EXTRACT = "extract"


class FailureClass(StrEnum):
    """What kind of failure ended an attempt."""

    RETRYABLE = "retryable"
    """Something around the job failed; the same job may succeed later."""
    INTERNAL = "internal"
    """The worker has a fault; another attempt may get around it."""
    LEASE_EXPIRED = "lease_expired"
    """The worker fell silent."""
    BAD_INPUT = "bad_input"
    """The document cannot be worked on; trying again changes nothing."""
    BAD_RESULT = "bad_result"
    """The worker's result breaks the contract; trying again changes nothing."""

    @property
    def final(self) -> bool:
        """Whether another attempt is pointless."""
        return self in (FailureClass.BAD_INPUT, FailureClass.BAD_RESULT)


class JobMessage(BaseModel):
    """The message on a job queue. Workers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, title="Job")

    contract: JobContract
    job_id: UUID
    kind: str = Field(pattern=KIND_PATTERN)
    attempt_hint: int = Field(
        1, ge=1, description="Which attempt this announces; the lease says the truth."
    )
    payload: dict[str, JsonValue] = Field(
        description="For kind extract: document_id and revision of the document to work on."
    )


class JobError(BaseModel):
    """Why a job's last attempt failed."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    failure: FailureClass = Field(alias="class")
    message: str


class WorkerJob(BaseModel):
    """A job as its worker sees it."""

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


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job to be queued; one with a known idempotency key is not queued again."""

    kind: str
    payload: dict[str, JsonValue]
    document_id: UUID | None
    idempotency_key: str | None


def extract_job(document_id: UUID, revision: int) -> JobRow:
    """Ask for the extraction of one revision of a document, once."""
    return JobRow(
        kind=EXTRACT,
        payload={"document_id": str(document_id), "revision": revision},
        document_id=document_id,
        idempotency_key=f"{EXTRACT}:{document_id}:{revision}",
    )
