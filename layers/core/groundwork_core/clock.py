"""The clock port, so that tests can set the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

SMALL_STEP = timedelta(seconds=1)
"""A clock that is set back by less is not followed; it stands still until it has caught up."""


class Clock(Protocol):
    """Source of the current time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine.

    Corrections set it back by some milliseconds, and the clocks of two CPUs may differ as much.
    What was due a moment ago must not be in the future then, so small steps back are not followed.
    """

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        now = datetime.now(UTC)
        if timedelta(0) < self._latest - now < SMALL_STEP:
            return self._latest
        self._latest = now
        return now
