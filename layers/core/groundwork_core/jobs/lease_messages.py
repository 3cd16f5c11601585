"""Requests and responses of leases over HTTP (docs/contracts/ai.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    RootModel,
    model_validator,
)
from pydantic import StringConstraints as Chars

from groundwork_core.documents.resource import Document
from groundwork_core.jobs.lease_rules import (
    CHECKPOINT_BYTES_MAX,
    DEFER_SECONDS_MAX,
    KINDS_MAX,
    LEASE_SECONDS_MAX,
    LEASES_MAX,
    MESSAGE_ID_MAX,
    MESSAGE_MAX,
    REFERENCE_MAX,
    WORKER_MAX,
)
from groundwork_core.jobs.resource import Job, Kind
from groundwork_core.resources.bounded_json import stored_bytes
from groundwork_core.resources.field_types import INTEGRAL, Moment, Text
from groundwork_core.resources.resource import Input
from groundwork_core.sources.resource import Source

Message = Annotated[Text, Chars(max_length=MESSAGE_MAX)]
Seconds = Annotated[int, Field(ge=1, le=LEASE_SECONDS_MAX), INTEGRAL]
MessageId = Annotated[Text, Chars(min_length=1, max_length=MESSAGE_ID_MAX)]
Worker = Annotated[Text, Chars(min_length=1, max_length=WORKER_MAX)]
Reference = Annotated[Text, Chars(min_length=1, max_length=REFERENCE_MAX)]
WorkerFailure = Literal["retryable", "bad_input", "internal"]


def _short(value: JsonValue) -> JsonValue:
    if stored_bytes(value) > CHECKPOINT_BYTES_MAX:
        message = f"must take at most {CHECKPOINT_BYTES_MAX:,} bytes as JSON"
        raise ValueError(message)
    return value


Checkpoint = Annotated[JsonValue, AfterValidator(_short)]
Progress = Annotated[float, Field(ge=0, le=1)]


class LeaseRequest(Input):
    """A worker's request for waiting jobs of some kinds."""

    kinds: Annotated[
        tuple[Kind, ...],
        Field(fail_fast=True, min_length=1, max_length=KINDS_MAX, examples=[["extract"]]),
    ]
    worker: Worker
    lease_seconds: Seconds = 60
    max: Annotated[int, Field(ge=2, le=LEASES_MAX), INTEGRAL] | None = Field(None, examples=[10])
    messages: Annotated[tuple[MessageId, ...], Field(fail_fast=True, max_length=LEASES_MAX)] = (
        Field(
            (),
            examples=[()],  # beside the example of `max`
            description="Ids of messages of the job queue, instead of `max`: one job for each. A"
            " message that is delivered again gets its job again.",
        )
    )
    include: Annotated[tuple[Literal["document"], ...], Field(max_length=1)] = Field(
        (),
        description="`document`: with the document of each job and its source, which needs"
        " documents:read and sources:read.",
    )

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.max is not None and self.messages:
            message = "give either max or messages"
            raise ValueError(message)
        return self


class Leased(Job):
    """A job as its worker gets it. `document` and `source` are included if requested."""

    lease_token: UUID
    document: Document | None = Field(
        None,
        description="The document of the job. Null if there is none, or if the response would be "
        "too large; in that case read the document by its id.",
    )
    source: Source | None = Field(None, description="The source of the document.")


class LeasedJobs(BaseModel):
    """The jobs of one lease call, in the order in which they were due; none if none waited."""

    model_config = ConfigDict(defer_build=True)

    items: list[Leased]


class Held(Input):
    """The current lease of a job."""

    lease_token: UUID


class StatusReport(Held):
    """Progress of a job. It extends the lease to `lease_seconds` from now."""

    progress: Progress
    message: Message | None = None
    checkpoint: Checkpoint = Field(
        None, description="The saved state that the next lease of the job gets; up to 64 KB."
    )


class ReportTaken(BaseModel):
    """The new end of the lease, and whether the worker should stop."""

    model_config = ConfigDict(defer_build=True)

    leased_until: datetime
    cancel_requested: bool


class FailureReport(Held):
    """Reason that the attempt failed."""

    failure: WorkerFailure = Field(alias="class")
    message: Message
    retry_after_seconds: Annotated[int, Field(ge=0, le=DEFER_SECONDS_MAX), INTEGRAL] | None = None


class Deferral(Held):
    """An outside batch that the job waits for."""

    reference: Reference
    check_after_seconds: Annotated[int, Field(ge=1, le=DEFER_SECONDS_MAX), INTEGRAL]


class ReplayRequest(Input):
    """A selection of failed and quarantined jobs to queue again."""

    kind: Kind
    failure: Annotated[str, Chars(pattern=r"^[a-z][a-z_]{0,62}$")] | None = Field(
        None, alias="class", examples=["internal"]
    )
    since: Moment | None = Field(None, description="Only jobs that ended at or after this time.")


class Replayed(BaseModel):
    """Number of jobs that were queued again, and a flag if more remain for another call."""

    model_config = ConfigDict(defer_build=True)

    replayed: int
    more: bool
    last_starts_at: datetime | None = Field(
        description="Jobs are released at a limited rate; this is when the last one is released."
    )


class Attempt(BaseModel):
    """One attempt at a job. `outcome` and `ended_at` are null while it runs."""

    model_config = ConfigDict(defer_build=True)

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["succeeded", "failed", "expired", "released", "deferred", "cancelled"] | None
    error: dict[str, JsonValue] | None


class Attempts(BaseModel):
    """The attempts of a job, oldest first."""

    model_config = ConfigDict(defer_build=True)

    items: list[Attempt]


class KindStats(BaseModel):
    """Statistics of one kind of job."""

    model_config = ConfigDict(defer_build=True)

    queued: int = Field(description="Jobs that wait now, without deferred ones.")
    leased: int
    deferred: int = Field(
        description="Jobs that pause before a retry, or until an outside batch should be checked."
    )
    quarantined: int
    oldest_seconds: float | None = Field(description="Age of the oldest job that waits now.")
    done_per_minute: float = Field(description="Jobs per minute, over the last five minutes.")
    failures: dict[str, int] = Field(description="Failed attempts of the last hour, by class.")


class JobStats(RootModel[dict[str, KindStats]]):
    """Statistics of all kinds of jobs."""
