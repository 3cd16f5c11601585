"""A reading of the database's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the database's clock said at a moment of a machine's uptime, which nobody can set."""

    at: datetime
    boot: str
    uptime_seconds: float
