"""A reading of the database's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A reading of the database's clock, with the machine's uptime, which cannot be set."""

    at: datetime
    boot: str
    uptime_seconds: float
