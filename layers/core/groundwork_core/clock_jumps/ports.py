"""Ports of clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from groundwork_core.clock_jumps.model import ClockReading
from groundwork_core.unit_of_work import Transaction

Uptime = Callable[[], tuple[str, float]]
"""Returns the id of this machine's start and the seconds since then, suspension included; an empty
id where they are not known."""


class ClockReadings(Protocol):
    """Stores the last reading of the database's clock, and moves planned times."""

    def last(self) -> ClockReading | None:
        """Return the last reading, or None, and lock it until the transaction ends."""
        ...

    def keep(self, reading: ClockReading) -> None:
        """Store a reading as the last one."""
        ...

    def move_plans(self, jump: timedelta) -> None:
        """Move planned times of sources, hosts, robots.txt, hubs and interval schedules by `jump`.

        A time that a cron expression gives is a time of day. For sources it moves only if the clock
        was set back. For schedules it never moves, so that no schedule runs twice.
        """
        ...


class ClockWork(Transaction, Protocol):
    """A unit of work with readings of the clock."""

    @property
    def clock_readings(self) -> ClockReadings:
        """The readings."""
        ...
