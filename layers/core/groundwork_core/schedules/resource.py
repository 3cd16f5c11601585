"""Schedules and their runs as REST resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)

from groundwork_core.errors import Fault, Invalid
from groundwork_core.jobs.resource import Kind, Priority
from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import Name, Word
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.sources.model import Cron, Interval

Times = Annotated[Interval | Cron, Field(discriminator="kind")]
TIMES: TypeAdapter[Interval | Cron] = TypeAdapter(Times)
RunStatus = Literal["succeeded", "failed"]


class FetchTagged(Input):
    """Fetch every enabled source with a tag."""

    tag: Word


class QueueJob(Input):
    """Queue a job."""

    kind: Kind
    payload: JsonObject = Field(default_factory=dict)
    priority: Priority = 5


class Action(Input):
    """What a schedule does: one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"fetch": {"tag": "news"}}],
        }
    )

    fetch: FetchTagged | None = None
    job: QueueJob | None = None

    @model_validator(mode="after")
    def _one(self) -> Action:
        if len(self.model_fields_set) != 1 or (self.fetch is None and self.job is None):
            message = "must have exactly one of `fetch` and `job`"
            raise ValueError(message)
        return self

    @model_serializer(mode="wrap")
    def _only_that_one(self, shown: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return {name: value for name, value in shown(self).items() if value is not None}

    @property
    def permission(self) -> str:
        """The permission that who does this needs."""
        return "sources:write" if self.fetch is not None else "jobs:write"


ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class ScheduleState(BaseModel):
    """The last and the next run. Read only."""

    model_config = ConfigDict(defer_build=True)

    status: Literal["pending", "succeeded", "failed", "disabled"]
    last_run_at: datetime | None
    next_run_at: datetime | None
    error: dict[str, JsonValue] | None


class JobSchedule(Representation):
    """Times at which sources are fetched or a job is queued."""

    name: str
    schedule: Times
    action: dict[str, JsonValue] = Field(
        description='`{"fetch": {"tag"}}` or `{"job": {"kind", "payload", "priority"}}`.'
    )
    enabled: bool
    state: ScheduleState
    next_runs: list[datetime] = Field(description="The next five; none while it is disabled.")


class NewSchedule(Input):
    """A schedule to create."""

    name: Name
    schedule: Times
    action: Action
    enabled: bool = True


class SchedulePatch(Input):
    """Changes of a schedule. A given action replaces the present one."""

    name: Name = ""
    schedule: dict[str, JsonValue] = Field(
        default_factory=dict,
        max_length=20,
        description="Merged into the current schedule; another `kind` replaces it.",
    )
    action: Action = Field(default_factory=lambda: Action(fetch=FetchTagged(tag="x")))
    enabled: bool = True


class ScheduleRun(BaseModel):
    """One run of a schedule."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    schedule_id: UUID
    due_at: datetime = Field(description="The moment that the run is for.")
    created_at: datetime = Field(description="When it ran.")
    reason: Literal["schedule", "asked"]
    missed: int = Field(description="Number of later missed moments that this run covers.")
    status: RunStatus
    result: dict[str, JsonValue] | None = Field(
        description="The number of `sources`, or the `job_id`."
    )
    error: dict[str, JsonValue] | None


def merge_times(current: JsonValue, patch: JsonValue) -> JsonValue:
    """Merge a patch into a schedule's times; another kind replaces them. Raises Invalid."""
    merged = patch
    if isinstance(current, dict) and isinstance(patch, dict):
        same_kind = patch.get("kind", current.get("kind")) == current.get("kind")
        merged = merge_patch(current, patch) if same_kind else merge_patch({}, patch)
    try:
        return TIMES.validate_python(merged).model_dump(mode="json")
    except ValidationError as error:
        faults = tuple(
            Fault("/".join(("", "schedule", *map(str, fault["loc"][1:]))), fault["msg"])
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise Invalid("The schedule is invalid.", faults) from error


SCHEDULES = Resource(
    name="schedules",
    singular="schedule",
    model=JobSchedule,
    create=NewSchedule,
    patch=SchedulePatch,
    filters=(Filter("name"), Filter("enabled", "flag")),
    sorts={"name": Sort("text")},
    merged={"schedule": merge_times},
)
SCHEDULE_RUNS = Resource(
    name="schedule-runs",
    singular="schedule run",
    model=ScheduleRun,
    removable=False,
    filters=(Filter("schedule_id", "id"),),
)
