"""What a lost queue or a dead worker left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.jobs.ports import JobsWork

SWEEP_LIMIT = 2_000
"""Jobs per run and kind of leftover; the rest is found a minute later."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many leases ran out, and how many waiting jobs were announced again."""

    expired: int
    announced: int


def sweep_jobs(waiting_seconds: int, *, work: JobsWork, clock: Clock) -> Swept:
    """Take back jobs of silent workers; announce again what waited longer than allowed.

    A job announced twice does no harm: the second message finds it leased or done.
    """
    now = clock.now()
    with work:
        expired = work.jobs.expire_leases(now, SWEEP_LIMIT)
    with work:
        waiting_since = now - timedelta(seconds=waiting_seconds)
        announced = work.jobs.reannounce(waiting_since, now, SWEEP_LIMIT)
    return Swept(expired, announced)
