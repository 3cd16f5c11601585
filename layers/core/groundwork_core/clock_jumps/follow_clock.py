"""Notice that the database's clock was set, and move planned times by the same amount."""

from __future__ import annotations

import logging
from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.clock_jumps.model import ClockReading
from groundwork_core.clock_jumps.ports import ClockWork, Uptime

log = logging.getLogger(__name__)

TOLERATED = timedelta(minutes=2)
"""Differences up to this are left alone: a run that was late, or a slow adjustment."""


def jump_between(before: ClockReading, after: ClockReading) -> timedelta:
    """Return by how much the clock was set between two readings; zero if it was not set.

    If the machine did not restart between them, the uptime shows how much time really passed. After
    a restart, only a reading in the future shows that the clock was set back.
    """
    passed = after.at - before.at
    if before.boot and before.boot == after.boot:
        passed -= timedelta(seconds=after.uptime_seconds - before.uptime_seconds)
    else:
        passed = min(passed, timedelta())
    return passed if abs(passed) > TOLERATED else timedelta()


def follow_clock(*, work: ClockWork, clock: Clock, uptime: Uptime) -> timedelta:
    """Move planned times if the clock was set since the last run; return by how much.

    Each pause keeps its remaining length: nothing is polled early, and nothing waits until the
    clock has caught up.
    """
    boot, seconds = uptime()
    with work:
        before = work.clock_readings.last()
        reading = ClockReading(clock.now(), boot, seconds)
        jump = jump_between(before, reading) if before else timedelta()
        if jump:
            work.clock_readings.move_plans(jump)
        work.clock_readings.keep(reading)
    if jump:
        log.warning("the database's clock was set", extra={"seconds": round(jump.total_seconds())})
    return jump
