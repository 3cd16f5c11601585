"""The spread of a publisher's entries over the day and the week. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

HOURS = 24
DAYS = 7
ENTRIES_MIN = 20
"""Fewer entries say too little about hours and days."""
UNIFORM_PART = 0.5
"""The part of a rate that ignores the rhythm, since the past is a small sample."""
WANTED_ENTRIES = 0.5
"""A source is asked again when half an entry is to be expected."""
STEP = timedelta(hours=1)
STEPS_MAX = 31 * HOURS


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Counts of entries by hour of the day and by day of the week (from Monday), in UTC."""

    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()

    @classmethod
    def of(cls, moments: Sequence[datetime]) -> Rhythm:
        """Count publication times."""
        hours, days = [0] * HOURS, [0] * DAYS
        for at in moments:
            hours[at.hour] += 1
            days[at.weekday()] += 1
        return cls(tuple(hours), tuple(days)) if len(moments) >= ENTRIES_MIN else cls()

    @classmethod
    def read(cls, stored: JsonValue) -> Rhythm:
        """Parse what `as_json` returned; an empty rhythm for anything else."""
        if not isinstance(stored, dict):
            return cls()
        hours, days = _counts(stored.get("hours"), HOURS), _counts(stored.get("days"), DAYS)
        return cls(hours, days) if hours and days else cls()

    def as_json(self) -> JsonValue:
        """Return the counts as JSON, or None if there is no rhythm."""
        return {"hours": list(self.hours), "days": list(self.days)} if self.hours else None

    def factor(self, at: datetime) -> float:
        """Return how many times more than usual is published at a time; 1 means as usual."""
        total = sum(self.hours)
        if not total:
            return 1.0
        by_hour = self.hours[at.hour] * HOURS / total
        by_day = self.days[at.weekday()] * DAYS / total
        return UNIFORM_PART + (1 - UNIFORM_PART) * by_hour * by_day


def pause_seconds(usual_gap_seconds: float, rhythm: Rhythm, now: datetime) -> float:
    """Return the seconds until half an entry is expected, at most a month.

    Without a rhythm this is half of the usual gap.
    """
    rate = 1 / max(usual_gap_seconds, 1.0)
    expected, at = 0.0, now
    for _ in range(STEPS_MAX):
        per_second = rate * rhythm.factor(at)
        step = ((at + STEP).replace(minute=0, second=0, microsecond=0) - at).total_seconds()
        if expected + per_second * step >= WANTED_ENTRIES:
            rest = (WANTED_ENTRIES - expected) / per_second
            return (at - now).total_seconds() + rest
        expected += per_second * step
        at += timedelta(seconds=step)
    return (at - now).total_seconds()


def _counts(stored: JsonValue, number: int) -> tuple[int, ...]:
    if not isinstance(stored, list) or len(stored) != number:
        return ()
    return tuple(one for one in stored if isinstance(one, int) and one >= 0)
