"""Recover jobs after a lost message or a crashed worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.jobs.ports import JobsWork, SetsTimers
from groundwork_core.jobs.timers import AHEAD_SECONDS, DELAY_SECONDS_MAX

SWEEP_LIMIT = 2_000
"""Jobs per run, of each kind; the next run finds the rest."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Counts of expired leases and of jobs announced again."""

    expired: int
    announced: int


def end_leases_and_pauses(*, work: JobsWork, clock: Clock) -> int:
    """End the leases and pauses that are over; return how many leases expired."""
    now = clock.now()
    with work:
        expired = work.jobs.expire_leases(now, SWEEP_LIMIT)
        work.jobs.end_pauses(now, SWEEP_LIMIT)
    return expired


def sweep_jobs(
    waiting_seconds: int, *, work: JobsWork, clock: Clock, timers: SetsTimers | None = None
) -> Swept:
    """End expired leases and pauses; announce jobs again that have been queued for too long.

    A second message for a job does no harm: it finds the job leased or done. Also sets the timers
    of leases and pauses whose end was too far away for a timer when they began.
    """
    expired = end_leases_and_pauses(work=work, clock=clock)
    now = clock.now()
    with work:
        waiting_since = now - timedelta(seconds=waiting_seconds)
        announced = work.jobs.reannounce(waiting_since, now, SWEEP_LIMIT)
        ends = work.jobs.late_ends(
            now, now + timedelta(seconds=AHEAD_SECONDS), DELAY_SECONDS_MAX - AHEAD_SECONDS
        )
    if timers is not None:
        timers.set(ends)
    return Swept(expired, announced)
