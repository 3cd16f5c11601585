"""Hooks of writes of schedules: check the caller's rights and plan the next moments."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks
from groundwork_core.schedules.ports import SchedulesWork
from groundwork_core.schedules.resource import NewSchedule, SchedulePatch
from groundwork_core.schedules.run_schedules import plan
from groundwork_core.sources.ports import NextCron


class ScheduleWriteHooks(NoWriteHooks[SchedulesWork]):
    """Plans the next moments; refuses actions for which the caller lacks the permission."""

    def __init__(self, caller: Caller, *, clock: Clock, next_cron: NextCron) -> None:
        """`caller` is who writes: a schedule can do nothing that its writer may not do."""
        self._caller = caller
        self._clock = clock
        self._next_cron = next_cron

    def prepare(self, given: Input, row_id: UUID | None, work: SchedulesWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the caller's permission. Raises Forbidden."""
        if isinstance(given, NewSchedule | SchedulePatch) and "action" in given.model_fields_set:
            self._caller.must(given.action.permission)
        return given

    def after_create(self, row_id: UUID, new: Input, work: SchedulesWork) -> None:  # noqa: ARG002 - a port's signature
        """Plan the first moments, and store the caller. Raises Invalid if there are none."""
        plan(row_id, work=work, now=self._clock.now(), next_cron=self._next_cron)
        work.schedules.act_for(row_id, self._caller.user_id)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: SchedulesWork) -> None:
        """Plan the next moments again. Raises Invalid if there are none."""
        if fields & {"schedule", "enabled"}:
            plan(row_id, work=work, now=self._clock.now(), next_cron=self._next_cron)
        if "action" in fields:
            work.schedules.act_for(row_id, self._caller.user_id)
