"""Ports of clocks that were set."""

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
    """The last reading of the clock, and the planned times."""

    def last(self) -> ClockReading | None:
        """Return the last reading, locked until the transaction ends; None: there is none."""
        ...

    def keep(self, reading: ClockReading) -> None:
        """Store a reading as the last one."""
        ...

    def move_plans(self, jump: timedelta) -> None:
        """Move the times of sources, hosts, robots.txt, hubs and schedules with an interval.

        Times of cron expressions are times of day: they are moved only if the clock was set back,
        and those of schedules not at all, so that none runs twice.
        """
        ...


class ClockWork(Transaction, Protocol):
    """A unit of work with readings of the clock."""

    @property
    def clock_readings(self) -> ClockReadings:
        """The readings."""
        ...
