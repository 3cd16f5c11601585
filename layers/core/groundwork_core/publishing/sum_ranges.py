"""Split a span of time into days, hours and parts of hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from groundwork_core.publishing.engagements import EngagementQuery

Range = tuple[datetime, datetime]
"""The first moment of a range, and the first moment after it."""
ALWAYS: Range = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def ranges_of(query: EngagementQuery) -> Mapping[str, list[Range]]:
    """Return disjoint ranges of whole days (`day`), whole hours (`hour`) and the rest (`part`).

    Sums by hour use no days. Times are aware; days and hours are in UTC.
    """
    whole = (query.start or ALWAYS[0], query.end or ALWAYS[1])
    hours = _inside(whole, HOUR)
    days = None if query.bucket == "hour" or hours is None else _inside(whole, DAY)
    return {
        "day": [days] if days else [],
        "hour": _around(hours, days) if hours else [],
        "part": _around(whole, hours),
    }


def _inside(whole: Range, size: timedelta) -> Range | None:
    """Return the largest range of whole hours or days within a range, or None."""
    start, end = _floor(whole[0], size), _floor(whole[1], size)
    if start < whole[0]:
        if start > ALWAYS[1] - size:
            return None
        start += size
    if whole[1] == ALWAYS[1]:
        end = ALWAYS[1]
    return (start, end) if start < end else None


def _around(outer: Range, inner: Range | None) -> list[Range]:
    """Return the parts of an outer range that are outside of the inner range."""
    if inner is None:
        return [outer] if outer[0] < outer[1] else []
    ends = [(outer[0], inner[0]), (inner[1], outer[1])]
    return [(start, end) for start, end in ends if start < end]


def _floor(at: datetime, size: timedelta) -> datetime:
    at = at.astimezone(UTC)
    hour = 0 if size == DAY else at.hour
    return at.replace(hour=hour, minute=0, second=0, microsecond=0)
