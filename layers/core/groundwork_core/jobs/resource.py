"""Jobs as a REST resource: clients may create, change and cancel jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from groundwork_core.jobs.contract import KIND_PATTERN
from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import INTEGRAL
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Status = Literal["queued", "leased", "succeeded", "failed", "quarantined", "cancelled"]
Kind = Annotated[str, StringConstraints(pattern=KIND_PATTERN)]
Priority = Annotated[int, Field(ge=0, le=9), INTEGRAL]
MaxAttempts = Annotated[int, Field(ge=1, le=100), INTEGRAL]


class WaitingFor(BaseModel):
    """The reason why a queued job is not leased yet."""

    model_config = ConfigDict(defer_build=True)

    ahead: int = Field(
        description="Jobs of this kind that will be leased before this one; counted up to 1,000."
    )
    reason: Literal["turn", "retry", "deferred"]
    until: datetime | None = Field(description="The end of the job's pause.")


class Job(Representation):
    """A job for a worker."""

    kind: Kind
    priority: Priority
    payload: dict[str, JsonValue]
    status: Status
    attempt: int
    max_attempts: int
    progress: Annotated[float, Field(ge=0, le=1)]
    error: dict[str, JsonValue] | None
    result: dict[str, JsonValue] | None
    document_id: UUID | None
    leased_until: datetime | None
    message: str | None = Field(description="The message of the worker's last report.")
    checkpoint: JsonValue = Field(
        description="The worker's saved state, which the next lease gets."
    )
    reference: str | None = Field(description="The outside batch that the job was deferred for.")
    cancel_requested: bool
    waiting_for: WaitingFor | None = Field(description="Null unless the job is queued.")


class NewJob(Input):
    """A job to queue."""

    kind: Kind
    priority: Priority = 5
    payload: JsonObject = Field(default_factory=dict)
    max_attempts: MaxAttempts = 5
    document_id: UUID | None = None


class JobPatch(Input):
    """Changes of a queued job. The only status that a client may set is `cancelled`."""

    priority: Priority = 5
    payload: JsonObject = Field(default_factory=dict)
    max_attempts: MaxAttempts = 5
    status: Literal["cancelled"] = "cancelled"


JOBS = Resource(
    name="jobs",
    singular="job",
    model=Job,
    create=NewJob,
    patch=JobPatch,
    filters=(
        Filter("kind"),
        Filter("status", choices=get_args(Status)),
        Filter("document_id", "id"),
    ),
    sorts={"priority": Sort("integer")},
    merged={"payload": merge_patch},
)
