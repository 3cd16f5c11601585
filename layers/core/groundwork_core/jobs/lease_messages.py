"""What workers send and get over HTTP: CONTRACT of leases."""

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
from groundwork_core.resources.field_types import Moment, Text, Whole
from groundwork_core.resources.resource import Input
from groundwork_core.sources.resource import Source

Message = Annotated[Text, Chars(max_length=MESSAGE_MAX)]
Seconds = Annotated[Whole, Field(ge=1, le=LEASE_SECONDS_MAX)]
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
    """Ask for waiting jobs of some kinds."""

    kinds: Annotated[
        tuple[Kind, ...],
        Field(fail_fast=True, min_length=1, max_length=KINDS_MAX, examples=[["extract"]]),
    ]
    worker: Worker
    lease_seconds: Seconds = 60
    max: Annotated[Whole, Field(ge=2, le=LEASES_MAX)] | None = Field(None, examples=[10])
    messages: Annotated[tuple[MessageId, ...], Field(fail_fast=True, max_length=LEASES_MAX)] = (
        Field(
            (),
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
    """A job as its worker gets it. `document` and `source` are there if they were asked for."""

    lease_token: UUID
    document: Document | None = Field(
        None,
        description="Null if the job has none, or if the answer would be too large: read it then.",
    )
    source: Source | None = Field(None, description="The source of the document.")


class LeasedJobs(BaseModel):
    """The jobs of one lease call, in the order in which they were due; none where none waits."""

    model_config = ConfigDict(defer_build=True)

    items: list[Leased]


class Held(Input):
    """The present lease of a job."""

    lease_token: UUID


class StatusReport(Held):
    """How far a job is. It extends the lease by the `lease_seconds` that were asked for."""

    progress: Progress
    message: Message | None = None
    checkpoint: Checkpoint = Field(
        None, description="What the next lease of the job gets; up to 64 KB."
    )


class ReportTaken(BaseModel):
    """Until when the lease runs, and whether the worker should stop."""

    model_config = ConfigDict(defer_build=True)

    leased_until: datetime
    cancel_requested: bool


class FailureReport(Held):
    """Why the attempt failed."""

    failure: WorkerFailure = Field(alias="class")
    message: Message
    retry_after_seconds: Annotated[Whole, Field(ge=0, le=DEFER_SECONDS_MAX)] | None = None


class Deferral(Held):
    """An outside batch that the job waits for."""

    reference: Reference
    check_after_seconds: Annotated[Whole, Field(ge=1, le=DEFER_SECONDS_MAX)]


class ReplayRequest(Input):
    """Which failed and quarantined jobs to queue again."""

    kind: Kind
    failure: Annotated[Text, Chars(pattern=r"^[a-z][a-z_]{0,62}$")] | None = Field(
        None, alias="class", examples=["internal"]
    )
    since: Moment | None = Field(None, description="Only jobs that ended at or after this time.")


class Replayed(BaseModel):
    """How many jobs were queued again, and whether more are left for a further call."""

    model_config = ConfigDict(defer_build=True)

    replayed: int
    more: bool
    last_starts_at: datetime | None = Field(
        description="They are released at a bounded rate; this is when the last one is."
    )


class Attempt(BaseModel):
    """One lease of a job. `outcome` and `ended_at` are null while it runs."""

    model_config = ConfigDict(defer_build=True)

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["succeeded", "failed", "expired", "released", "deferred", "cancelled"] | None
    error: dict[str, JsonValue] | None


class Attempts(BaseModel):
    """The leases of a job, oldest first."""

    model_config = ConfigDict(defer_build=True)

    items: list[Attempt]


class KindStats(BaseModel):
    """The state of one kind of jobs."""

    model_config = ConfigDict(defer_build=True)

    queued: int = Field(description="Waiting now, without those that are deferred.")
    leased: int
    deferred: int = Field(description="Pausing: a retry's pause, or a check of an outside batch.")
    quarantined: int
    oldest_seconds: float | None = Field(description="Age of the oldest job that waits now.")
    done_per_minute: float = Field(description="Over the last five minutes.")
    failures: dict[str, int] = Field(description="Failed attempts of the last hour, by class.")


class JobStats(RootModel[dict[str, KindStats]]):
    """Stats by kind of job."""
