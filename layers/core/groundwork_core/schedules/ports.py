"""Ports of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.resources.ports import ResourceWork


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule that is run now, locked until the transaction ends."""

    id: UUID
    schedule: JsonValue
    action: JsonValue
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run to insert."""

    schedule_id: UUID
    due_at: datetime
    at: datetime
    reason: Literal["schedule", "asked"]
    status: Literal["succeeded", "failed"]
    missed: int = 0
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = None


class ScheduleStore(Protocol):
    """The schedules, their next moments and their runs."""

    def claim_due(self, now: datetime) -> DueSchedule | None:
        """Lock one enabled schedule that is due; others skip it until the transaction ends."""
        ...

    def hold(self, schedule_id: UUID) -> DueSchedule | None:
        """Lock one schedule, whether or not it is due."""
        ...

    def plan(self, schedule_id: UUID, moments: Sequence[datetime]) -> None:
        """Set the next moments; none: it is not run."""
        ...

    def record(self, run: RunRow) -> UUID:
        """Insert a run, and show it as the last one."""
        ...

    def make_due(self, tag: str, now: datetime) -> int:
        """Make enabled sources with a tag due now; return how many.

        Sources that fail, or whose fetch is running, keep their time.
        """
        ...


class SchedulesWork(ResourceWork, Protocol):
    """A unit of work with schedules and resources."""

    @property
    def schedules(self) -> ScheduleStore:
        """The schedules."""
        ...
