"""The time that a relay stays awake, and the promise that spares writers the nudge."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from groundwork_core.relay.ports import RelayPromise

Pause = Callable[[float], object]
"""Waits for a number of seconds."""

Stopwatch = Callable[[], float]
"""A monotonic clock in seconds."""

PROMISE_SECONDS = 2.0
"""Short, so that after a crash rows wait at most for this time and one sweep."""

IDLE_SECONDS = 1.0
"""Seconds after the last row in which a promise is still extended."""

RESERVE_SECONDS = 8.0
"""Reserve of the time budget for the last pass and for a slow destination."""

TICK_SECONDS = 0.1
TAKE_OVER_SECONDS = 0.05


class Activity:
    """The time of the last activity, and whether the run has ended. Thread-safe."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        """Start with an activity now."""
        self.stopwatch = stopwatch
        self._last = stopwatch()
        self._ended = threading.Event()

    def mark(self, ahead_seconds: float = 0) -> None:
        """Record an activity now, or one expected after `ahead_seconds`."""
        self._last = max(self._last, self.stopwatch() + ahead_seconds)

    def seconds_idle(self) -> float:
        """Return the seconds since the last activity."""
        return self.stopwatch() - self._last

    def end(self) -> None:
        """Let the carriers make a last pass and return."""
        self._ended.set()

    @property
    def ended(self) -> bool:
        """True if the promise has ended: a pass that begins now is the last."""
        return self._ended.is_set()

    def pause(self, seconds: float) -> None:
        """Wait for some seconds, or until `end` is called."""
        self._ended.wait(seconds)


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """The remaining time of one run."""

    remaining_seconds: Callable[[], float]

    @property
    def lasts(self) -> bool:
        """Return whether there is time for another promise and the last pass after it."""
        return self.remaining_seconds() > PROMISE_SECONDS + RESERVE_SECONDS


def begin(lease: RelayPromise, pause: Pause) -> datetime | None:
    """Make the promise. If another relay has one, wait for its end and try again.

    Returns the end of the promise, or None if the other relay has extended its own: that relay is
    running and delivers all rows.
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
    """Extend the promise while rows arrive, and return when it has ended.

    Writers that commit before the end of the promise rely on a pass that begins after its end. So
    `ends`, by this machine's clock, must not be earlier than the end by the database's clock.
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
