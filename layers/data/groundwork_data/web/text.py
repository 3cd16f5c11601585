"""Text and moments of strangers, so that Postgres, JSON and people can take them."""

from __future__ import annotations

import calendar
import re
import time
from datetime import UTC, datetime, timedelta

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far ahead of now an entry may be dated (time zones, wrong clocks)."""


def tidy(text: object, limit: int) -> str:
    """Return text without NUL, control characters and lone surrogates, cut to a length."""
    if not isinstance(text, str):
        return ""
    cut = text if len(text) <= limit else text[:limit]
    return _CONTROL.sub("", cut)


def moment(parsed: object, now: datetime) -> datetime | None:
    """Return feedparser's UTC time tuple as a moment; what lies ahead becomes now.

    None when there is no date, or one before 1970 or after all sense.
    """
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        at = EARLIEST + timedelta(seconds=calendar.timegm(parsed))
    except (OverflowError, ValueError):
        return None
    if at <= EARLIEST:
        return None
    return now if at > now + AHEAD else at
