"""Ports of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.exports.ports import ExportsWork
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
    status: Literal["running", "succeeded", "failed"]
    missed: int = 0
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = None


class ScheduleStore(Protocol):
    """The schedules, their next moments and their runs."""

    def claim_due(self, now: datetime) -> DueSchedule | None:
        """Lock one enabled schedule that is due; others skip it until the transaction ends."""
        ...

    def hold(self, schedule_id: UUID) -> DueSchedule | None:
        """Lock one schedule, due or not, and return it, or None."""
        ...

    def plan(self, schedule_id: UUID, moments: Sequence[datetime]) -> None:
        """Store the next moments of a schedule; without moments it does not run."""
        ...

    def act_for(self, schedule_id: UUID, user_id: UUID) -> None:
        """Store the account that set the action; exports run with its rights."""
        ...

    def record(self, run: RunRow) -> UUID:
        """Insert a run, show it as the schedule's last run, and return its id."""
        ...

    def make_due(self, tag: str, now: datetime) -> int:
        """Make enabled sources with a tag due now; return how many.

        The due time of sources that are failing, or being fetched, does not change.
        """
        ...


class SchedulesWork(ResourceWork, ExportsWork, Protocol):
    """A unit of work with schedules, resources and exports."""

    @property
    def schedules(self) -> ScheduleStore:
        """The schedules."""
        ...
