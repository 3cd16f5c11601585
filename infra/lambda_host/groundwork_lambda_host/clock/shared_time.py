"""The slot store's time, so that a host whose own clock is wrong uses the right slots."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from groundwork_lambda_host.clock.slots import SlotStore, SlotsUnavailable

COMPARED_SECONDS = 60.0
"""Seconds for which the measured difference between the two clocks is reused."""
JUMP_SECONDS = 0.25
"""If this machine's clock was set by more than this, the clocks are compared again."""


class SharedTime:
    """Computes the store's time from this machine's clock and the measured difference."""

    def __init__(
        self,
        slots: SlotStore,
        now: Callable[[], float],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` is this machine's clock, in seconds since 1970."""
        self._slots = slots
        self._now = now
        self._stopwatch = stopwatch
        self._ahead = 0.0
        self._compared_at: tuple[float, float] | None = None

    def now(self) -> datetime:
        """Return the time (aware UTC), by the last comparison."""
        return datetime.fromtimestamp(self._now() + self._ahead, UTC)

    async def compare(self) -> None:
        """Compare the clocks, each minute and after a jump; a failure keeps the last difference."""
        wall, ticks = self._now(), self._stopwatch()
        if self._compared_at is not None:
            seconds = ticks - self._compared_at[1]
            jump = wall - self._compared_at[0] - seconds
            if seconds < COMPARED_SECONDS and abs(jump) < JUMP_SECONDS:
                return
        try:
            shared = await asyncio.to_thread(self._slots.time)
        except SlotsUnavailable:
            return
        self._ahead = shared.timestamp() - (wall + self._now()) / 2
        self._compared_at = wall, ticks
