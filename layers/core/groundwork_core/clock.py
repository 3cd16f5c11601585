"""The clock port, so that tests can set the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

SMALL_STEP = timedelta(seconds=1)


class Clock(Protocol):
    """Source of the current time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Forward:
    """Makes times out of readings of a clock; none is a little earlier than the one before.

    Corrections set a clock back by some milliseconds, and the clocks of two CPUs may differ as
    much. What was due a moment ago must not be in the future then. So the time stands still until
    the clock has caught up. A clock that is set back by `SMALL_STEP` or more is followed.
    """

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)

    def time_of(self, reading: datetime) -> datetime:
        """Return the time of a reading."""
        if timedelta(0) < self._latest - reading < SMALL_STEP:
            return self._latest
        self._latest = reading
        return reading


class SystemClock:
    """The clock of the machine."""

    def __init__(self) -> None:
        self._forward = Forward()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._forward.time_of(datetime.now(UTC))
