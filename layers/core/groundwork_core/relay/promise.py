"""How long a relay stays awake, and the promise it gives to writers meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from groundwork_core.relay.ports import RelayPromise

Pause = Callable[[float], object]
"""Waits so many seconds."""

Stopwatch = Callable[[], float]
"""Seconds of a clock that only goes forward."""

PROMISE_SECONDS = 2.0
"""Short, so that a relay that dies leaves rows waiting no longer than this and one sweep."""

IDLE_SECONDS = 1.0
"""How long after the last row a promise is still prolonged."""

RESERVE_SECONDS = 8.0
"""What is kept of the time budget for the last look and for a slow destination to finish."""

TICK_SECONDS = 0.1
TAKE_OVER_SECONDS = 0.05


class Activity:
    """What the carriers tell the watch, and the other way round. Safe between threads."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        """Begin awake, with the present moment as the last activity."""
        self._stopwatch = stopwatch
        self._last = stopwatch()
        self._ended = threading.Event()

    def mark(self, ahead_seconds: float = 0) -> None:
        """Say that there was something to do, or that there will be so long from now."""
        self._last = max(self._last, self._stopwatch() + ahead_seconds)

    def seconds_idle(self) -> float:
        """Return how long ago there was something to do."""
        return self._stopwatch() - self._last

    def end(self) -> None:
        """Tell the carriers to look once more and stop."""
        self._ended.set()

    @property
    def ended(self) -> bool:
        """The promise is over: a look that begins now is the last."""
        return self._ended.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the end."""
        self._ended.wait(seconds)


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """The time that the platform gives one run."""

    remaining_seconds: Callable[[], float]

    @property
    def lasts(self) -> bool:
        """There is time for one more promise and the look after it."""
        return self.remaining_seconds() > PROMISE_SECONDS + RESERVE_SECONDS


def begin(lease: RelayPromise, pause: Pause) -> datetime | None:
    """Take the lease. If another relay has it, wait until its promise ends and try once more.

    Returns until when it is ours, or None if the other one prolonged its promise meanwhile: it
    lives, and sees to all.
    """
    until = lease.take(PROMISE_SECONDS)
    if until is None:
        pause(max(lease.remaining_seconds(), 0) + TAKE_OVER_SECONDS)
        until = lease.take(PROMISE_SECONDS)
    return until


def keep_promise(
    lease: RelayPromise,
    until: datetime,
    activity: Activity,
    budget: TimeBudget,
    pause: Pause,
    stopwatch: Stopwatch,
) -> None:
    """Prolong the promise while there is something to do, and return once it has run out.

    Whoever committed before the promise ended relies on a look that begins after its end: so
    `ends` is never earlier, by this machine's clock, than the promise ends by the database's.
    """
    ends = stopwatch() + PROMISE_SECONDS
    while stopwatch() < ends:
        pause(TICK_SECONDS)
        wanted = activity.seconds_idle() < IDLE_SECONDS and budget.lasts
        if wanted and ends - stopwatch() < PROMISE_SECONDS / 2:
            prolonged = lease.extend(until, PROMISE_SECONDS)
            if prolonged is None:
                return
            until, ends = prolonged, stopwatch() + PROMISE_SECONDS
