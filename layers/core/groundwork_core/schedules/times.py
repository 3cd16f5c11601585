"""Compute the moments of a schedule. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork_core.errors import Fault, Invalid
from groundwork_core.sources.model import Cron, Interval
from groundwork_core.sources.ports import NextCron
from groundwork_core.time_zones import UnknownTimeZone

SHOWN = 5
"""Number of next runs that are shown."""
MOST_MISSED = 10_000
"""Missed moments that are counted; a minute's schedule misses so many in a week."""


@dataclass(frozen=True, slots=True)
class NextRuns:
    """The next moments of a schedule, and how many were missed."""

    moments: tuple[datetime, ...]
    missed: int = 0
    """Moments between `after` and now; one run covers all of them."""


def next_runs(
    times: Interval | Cron, after: datetime, now: datetime, *, next_cron: NextCron
) -> NextRuns:
    """Return the next five moments after `now`, and how many lie between `after` and `now`.

    The moments of an interval are `after` plus whole intervals, however late a run is.

    Raises:
        Invalid: the cron expression is invalid or never matches.
    """
    if isinstance(times, Interval):
        step = timedelta(seconds=times.every_seconds)
        missed = max(0, (now - after) // step)
        first = after + (missed + 1) * step
        return NextRuns(tuple(first + count * step for count in range(SHOWN)), missed)
    try:
        missed, moment = 0, next_cron(times.expression, times.timezone, after)
        while moment <= now and missed < MOST_MISSED:
            missed, moment = missed + 1, next_cron(times.expression, times.timezone, moment)
        if moment <= now:
            moment = next_cron(times.expression, times.timezone, now)
        moments = [moment]
        while len(moments) < SHOWN:
            moments.append(next_cron(times.expression, times.timezone, moments[-1]))
    except UnknownTimeZone as error:
        fault = Fault("/schedule/timezone", str(error))
        raise Invalid("The schedule is invalid.", (fault,)) from error
    except ValueError as error:
        fault = Fault("/schedule/expression", str(error))
        raise Invalid("The schedule is invalid.", (fault,)) from error
    return NextRuns(tuple(moments), missed)
