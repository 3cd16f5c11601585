"""The clock of the database server, for times that several machines must agree about."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from groundwork_core.clock import Forward

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

COMPARED_SECONDS = 60.0
"""Seconds for which the measured difference between the two clocks is reused."""
JUMP_SECONDS = 0.25
"""If this machine's clock was set by more than this, the clocks are compared again."""


class DatabaseClock:
    """Implements `Clock` with this machine's clock and its difference from the server's.

    Leases expire by this clock. A machine whose own clock is minutes ahead would otherwise take
    leases from workers that still hold them. The difference is accurate to half a round trip.
    """

    def __init__(
        self,
        database: Database,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wall` is this machine's clock."""
        self._database = database
        self._wall = wall
        self._stopwatch = stopwatch
        self._ahead = timedelta()
        self._forward = Forward()
        self._compared_at: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the server's time, aware, in UTC.

        Raises:
            Unavailable: the clocks must be compared and the database cannot be reached.
        """
        wall, ticks = self._wall(), self._stopwatch()
        if self._compared_at is not None:
            seconds = ticks - self._compared_at[1]
            jump = (wall - self._compared_at[0]).total_seconds() - seconds
            if seconds < COMPARED_SECONDS and abs(jump) < JUMP_SECONDS:
                return self._forward.time_of(wall + self._ahead)
        row = self._database.row("SELECT clock_timestamp()")
        answered = self._wall()
        if row is not None:
            self._ahead = row[0].astimezone(UTC) - (wall + (answered - wall) / 2)
            self._compared_at = wall, ticks
        return self._forward.time_of(answered + self._ahead)
