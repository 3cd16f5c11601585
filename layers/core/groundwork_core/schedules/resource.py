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
    model_serializer,
    model_validator,
)

from groundwork_core.exports.model import ExportRows
from groundwork_core.jobs.resource import Kind, Priority
from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import Name, Word
from groundwork_core.resources.merge_by_kind import merge_by_kind
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.sources.model import Cron, Interval

Times = Annotated[Interval | Cron, Field(discriminator="kind")]
TIMES: TypeAdapter[Interval | Cron] = TypeAdapter(Times)
RunStatus = Literal["running", "succeeded", "failed"]


class FetchTagged(Input):
    """Fetch every enabled source with a tag."""

    tag: Word


class QueueJob(Input):
    """Queue a job."""

    kind: Kind
    payload: JsonObject = Field(default_factory=dict)
    priority: Priority = 5


class Action(Input):
    """The action of a schedule: fetch sources, queue a job or export rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"fetch": {"tag": "news"}}],
        }
    )

    fetch: FetchTagged | None = None
    job: QueueJob | None = None
    export: ExportRows | None = None

    @model_validator(mode="after")
    def _one(self) -> Action:
        given = [one for one in (self.fetch, self.job, self.export) if one is not None]
        if len(self.model_fields_set) != 1 or not given:
            message = "must have exactly one of `fetch`, `job` and `export`"
            raise ValueError(message)
        return self

    @model_serializer(mode="wrap")
    def _only_that_one(self, shown: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return {name: value for name, value in shown(self).items() if value is not None}

    @property
    def permission(self) -> str:
        """The permission that this action needs."""
        if self.export is not None:
            return self.export.permission
        return "sources:write" if self.fetch is not None else "jobs:write"


ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class ScheduleState(BaseModel):
    """The last run and the next moments of a schedule. Read-only."""

    model_config = ConfigDict(defer_build=True)

    status: Literal["pending", "running", "succeeded", "failed", "disabled"]
    last_run_at: datetime | None
    next_run_at: datetime | None
    error: dict[str, JsonValue] | None


class JobSchedule(Representation):
    """Times at which sources are fetched, a job is queued or rows are exported."""

    name: str
    schedule: Times
    action: dict[str, JsonValue] = Field(
        description='`{"fetch": {"tag"}}`, `{"job": {"kind", "payload", "priority"}}` or '
        '`{"export": {"resource", "changed_only"}}`.'
    )
    enabled: bool
    state: ScheduleState
    next_runs: list[datetime] = Field(
        description="The next five moments; empty while the schedule is disabled."
    )


class NewSchedule(Input):
    """A schedule to create."""

    name: Name
    schedule: Times
    action: Action
    enabled: bool = True


class SchedulePatch(Input):
    """Changes of a schedule. A given action replaces the current one."""

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
    created_at: datetime = Field(description="When the run took place.")
    reason: Literal["schedule", "asked"]
    missed: int = Field(description="Number of later missed moments that this run covers.")
    status: RunStatus = Field(description="Only an export is `running` for a while.")
    result: dict[str, JsonValue] | None = Field(
        description="The number of `sources`, the `job_id`, or of an `export` its `resource` and, "
        "when it has succeeded, `key` (of its manifest in the store), `files`, `rows`, `bytes`, "
        "`snapshot_at` and `since`."
    )
    error: dict[str, JsonValue] | None


def merge_times(current: JsonValue, patch: JsonValue) -> JsonValue:
    """Merge a patch into a schedule's times; times of another kind replace them. Raises Invalid."""
    return merge_by_kind(current, patch, kinds=TIMES, pointer="/schedule")


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
