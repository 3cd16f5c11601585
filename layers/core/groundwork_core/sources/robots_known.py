"""The stored robots.txt that a fetch uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class KnownRobots:
    """The latest robots.txt of an origin."""

    origin: str
    status: Literal["found", "none", "unreachable"]
    """`none`: all may be fetched; `unreachable`: nothing may, until it expires."""
    fetched_at: datetime
    expires_at: datetime
    body: str = ""
    crawl_delay_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RobotsRule:
    """The robots.txt that a fetch must obey."""

    known: KnownRobots | None
    """The stored robots.txt; if it is None or has expired, robots.txt is fetched first."""
    now: datetime
    """The planned time of the fetch, by the database's clock."""
    pause_seconds: float
    """Between the request for robots.txt and the one after it."""
