"""Polling rates that publishers ask for: RSS ttl, skipHours and skipDays, and sy:* of Atom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

HOURS_A_WEEK = 168


@dataclass(frozen=True, slots=True)
class Wishes:
    """The polling rate that a feed asks for; its hours and days (from Monday) are in UTC."""

    ttl_seconds: int | None = None
    """RSS `ttl`, or the period of `sy:updatePeriod` divided by `sy:updateFrequency`."""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()

    @classmethod
    def read(cls, stored: JsonValue) -> Wishes:
        """Parse what `as_json` returned; no wishes for anything else."""
        if not isinstance(stored, dict):
            return cls()
        ttl = stored.get("ttl_seconds")
        return cls(
            ttl if isinstance(ttl, int) else None,
            _numbers(stored.get("skip_hours")),
            _numbers(stored.get("skip_days")),
        )

    def as_json(self) -> JsonValue:
        """Return the wishes as JSON, or None if there are none."""
        found: dict[str, JsonValue] = {}
        if self.ttl_seconds is not None:
            found["ttl_seconds"] = self.ttl_seconds
        if self.skip_hours:
            found["skip_hours"] = list(self.skip_hours)
        if self.skip_days:
            found["skip_days"] = list(self.skip_days)
        return found or None

    def allowed_from(self, at: datetime) -> datetime:
        """Return the first time from `at` on that is not in an hour or on a day to skip."""
        found = at
        for _ in range(HOURS_A_WEEK):
            if found.hour not in self.skip_hours and found.weekday() not in self.skip_days:
                return found
            found = found.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return at  # every hour is to be skipped, so none is


def _numbers(stored: JsonValue) -> tuple[int, ...]:
    found = stored if isinstance(stored, list) else []
    return tuple(one for one in found if isinstance(one, int))
