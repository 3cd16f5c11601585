"""Read how often a feed asks to be polled; feedparser does not keep these elements."""

from __future__ import annotations

import re
from collections.abc import Iterable

from groundwork_core.sources.wishes import Wishes

HEAD = 50_000
"""Characters at the start of a feed that are searched; a channel states its wishes there."""
_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_TTL = re.compile(r"<ttl>\s*(\d{1,7})\s*</ttl>", re.IGNORECASE)
_PERIOD = re.compile(r"<\w+:updatePeriod>\s*(\w+)\s*</", re.IGNORECASE)
_FREQUENCY = re.compile(r"<\w+:updateFrequency>\s*(\d{1,5})\s*</", re.IGNORECASE)
_SKIP_HOURS = re.compile(r"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipDays>(.{0,2000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(r"<day>\s*([A-Za-z]{3,9})\s*</day>", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {
    "hourly": 3_600,
    "daily": 86_400,
    "weekly": 604_800,
    "monthly": 2_592_000,
    "yearly": 31_536_000,
}


def feed_wishes(text: str) -> Wishes:
    """Return the polling wishes in the head of a feed."""
    head = text[:HEAD]
    entry = _ENTRY.search(head)
    if entry is not None:
        head = head[: entry.start()]
    ttl = _TTL.search(head)
    hours = _SKIP_HOURS.search(head)
    days = _SKIP_DAYS.search(head)
    pauses = [int(ttl[1]) * 60] if ttl else []
    period = _PERIOD.search(head)
    if period and period[1].lower() in _PERIODS:
        frequency = _FREQUENCY.search(head)
        pauses.append(_PERIODS[period[1].lower()] // max(1, int(frequency[1]) if frequency else 1))
    return Wishes(
        ttl_seconds=max(pauses) if pauses else None,
        # Hour 24 is midnight in RSS 0.91.
        skip_hours=_unique(int(one) % 24 for one in _HOUR.findall(hours[1])) if hours else (),
        skip_days=_unique(map(_day, _DAY.findall(days[1]))) if days else (),
    )


def _day(name: str) -> int:
    short = name[:3].lower()
    return _DAYS.index(short) if short in _DAYS else -1


def _unique(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({number for number in numbers if number >= 0}))
