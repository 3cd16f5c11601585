"""Run schedules: every minute those that are due, and one when a user asks for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, GroundworkError, Invalid, NotFound
from groundwork_core.exports.model import ExportRows
from groundwork_core.jobs.resource import JOBS, NewJob
from groundwork_core.resources.writing import insert
from groundwork_core.schedules.ports import DueSchedule, RunRow, SchedulesWork
from groundwork_core.schedules.resource import ACTION, SCHEDULES, TIMES, Action, QueueJob
from groundwork_core.schedules.times import NextRuns, next_runs
from groundwork_core.sources.ports import NextCron

log = logging.getLogger(__name__)

RUNS_PER_TICK = 500
"""Runs of one minute; the next one does the rest."""


@dataclass(frozen=True, slots=True)
class Ran:
    """Numbers of schedules that ran and that failed."""

    succeeded: int = 0
    failed: int = 0


def run_due(
    *, work: SchedulesWork, clock: Clock, next_cron: NextCron, limit: int = RUNS_PER_TICK
) -> Ran:
    """Run every schedule that is due, each with its action in one transaction.

    A schedule that missed several moments runs once. Concurrent callers never run the same moment:
    the schedule is locked until its next moment is stored with the run.
    """
    succeeded = failed = 0
    for _ in range(limit):
        now = clock.now()
        due: DueSchedule | None = None
        try:
            with work:
                due = work.schedules.claim_due(now)
                if due is None:
                    break
                _run(due, due.due_at, "schedule", now, work, next_cron)
                succeeded += 1
        except (Conflict, Invalid) as error:
            if due is None:
                raise
            _fail(due, error, work, clock, next_cron)
            failed += 1
    return Ran(succeeded, failed)


def run_now(schedule_id: UUID, *, work: SchedulesWork, clock: Clock, by: Caller) -> UUID:
    """Run a schedule now, even if it is not due; return the id of the run.

    Its next moments do not change.

    Raises:
        NotFound: the schedule does not exist.
        Forbidden: the caller lacks the permission for the schedule's action.
        Conflict, Invalid: the action is refused. Conflict also while its last export runs.
    """
    with work:
        found = work.schedules.hold(schedule_id)
        if found is None:
            raise NotFound(SCHEDULES.missing())
        by.must(ACTION.validate_python(found.action).permission)
        now = clock.now()
        return _record(found, now, "asked", now, work, 0)


def plan(schedule_id: UUID, *, work: SchedulesWork, now: datetime, next_cron: NextCron) -> None:
    """Plan the next moments of a changed schedule, in the open unit of work.

    Raises:
        Invalid: its cron expression never matches.
    """
    stored = work.resources.read(SCHEDULES, schedule_id)
    if stored is None:
        raise NotFound(SCHEDULES.missing())
    seen = stored.parsed()
    planned = next_runs(TIMES.validate_python(seen["schedule"]), now, now, next_cron=next_cron)
    work.schedules.plan(schedule_id, planned.moments if seen["enabled"] else ())


def _run(
    due: DueSchedule,
    due_at: datetime,
    reason: Literal["schedule", "asked"],
    now: datetime,
    work: SchedulesWork,
    next_cron: NextCron,
) -> None:
    planned = _planned(due, now, next_cron)
    work.schedules.plan(due.id, planned.moments)
    _record(due, due_at, reason, now, work, planned.missed)


def _planned(due: DueSchedule, now: datetime, next_cron: NextCron) -> NextRuns:
    return next_runs(TIMES.validate_python(due.schedule), due.due_at, now, next_cron=next_cron)


def _record(
    due: DueSchedule,
    due_at: datetime,
    reason: Literal["schedule", "asked"],
    now: datetime,
    work: SchedulesWork,
    missed: int,
) -> UUID:
    action = ACTION.validate_python(due.action)
    if action.export is not None:
        return _queue_export(
            due, action.export, RunRow(due.id, due_at, now, reason, "running", missed), work
        )
    result = _act(action, now, work)
    return work.schedules.record(
        RunRow(due.id, due_at, now, reason, "succeeded", missed, result=result)
    )


def _act(action: Action, now: datetime, work: SchedulesWork) -> dict[str, JsonValue]:
    if action.fetch is not None:
        return {"sources": work.schedules.make_due(action.fetch.tag, now)}
    job = action.job or QueueJob(kind="none")
    new = NewJob(kind=job.kind, payload=job.payload, priority=job.priority)
    return {"job_id": insert(JOBS, new, store=work.resources).id}


def _queue_export(due: DueSchedule, rows: ExportRows, run: RunRow, work: SchedulesWork) -> UUID:
    """Let an export wait for the function that writes it; its run is `running` until then."""
    if work.exports.is_running(due.id):
        raise Conflict("The previous export of this schedule still runs.")
    run_id = work.schedules.record(replace(run, result={"export": {"resource": rows.resource}}))
    work.exports.add(run_id, due.id, rows.resource, changed_only=rows.changed_only)
    return run_id


def _fail(
    due: DueSchedule, error: GroundworkError, work: SchedulesWork, clock: Clock, next_cron: NextCron
) -> None:
    """Record a run whose action was refused, and plan the next run as usual."""
    log.warning("a schedule failed", extra={"schedule_id": str(due.id), "detail": error.detail})
    now = clock.now()
    with work:
        held = work.schedules.hold(due.id)
        if held is None or held.due_at != due.due_at:
            return  # removed, changed or run meanwhile
        planned = NextRuns(())
        try:
            planned = _planned(due, now, next_cron)
        except Invalid as never:
            error = never
        work.schedules.plan(due.id, planned.moments)
        shown: dict[str, JsonValue] = {
            "class": type(error).__name__.lower(),
            "message": error.detail[:500],
        }
        work.schedules.record(
            RunRow(due.id, due.due_at, now, "schedule", "failed", planned.missed, error=shown)
        )
