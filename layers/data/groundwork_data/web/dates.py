"""Parse the publication date of an entry; return None rather than a wrong time.

The rules: a missing zone means UTC; a missing time means midnight. A date without a day is not
accepted. Neither is an ambiguous numeric date, but with dots the day comes first. Future dates are
kept. The Unix epoch and dates before 1901 mean "unknown".
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from html import unescape

from groundwork_data.web.month_names import MONTHS, plain_letters
from groundwork_data.web.zones import ZONE, in_zone

LONGEST = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_YEAR = 1901
_COMMENT = re.compile(r"\s*(?:\([^()]*\)|\[[^][]*\])\s*$")
_TIME = (
    r"(?P<hour>\d\d?)(?:(?P<colon>[:.h]?)(?P<minute>\d\d)"
    r"(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?P<dash>[-/.]?)(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)"
    rf"(?:(?:\s*t\s*|[\s,]+){_TIME})?{ZONE}",
    re.IGNORECASE,
)
_RFC_822 = re.compile(
    rf"(?:[^\W\d_]+\.?(?:-feira)?\s*,?\s*)?(?P<day>\d\d?)[\s-]+(?P<name>[^\W\d_]+)\.?[\s,-]+"
    rf"(?P<year>\d{{4}}|\d\d)(?:[\s,]+{_TIME})?{ZONE}",
    re.IGNORECASE,
)
_WEEK = re.compile(r"\d{4}-?W\d\d", re.IGNORECASE)
_COMPACT = re.compile(r"(\d{8})(\d{4}(?:\d\d)?)")
_COMPACT_YEARS = ("19", "20")
_UNIX = re.compile(r"(1\d{9}|[2-9]\d{9})(?:(\d{3})|\.\d+)?")
_LONG_YEAR = 4
_RFC_2822_PIVOT = 50
_NOON = 12


def moment(stated: object) -> datetime | None:
    """Return the time of a date in UTC; None if it is not a date or is ambiguous."""
    if isinstance(stated, (int, float)) and not isinstance(stated, bool):
        stated = str(int(stated)) if abs(stated) < 1e14 else ""  # noqa: PLR2004 - beyond 13 digits
    if not isinstance(stated, str):
        return None
    try:
        found = _read(_tidied(stated))
    except (ValueError, OverflowError):
        return None
    if found is None or found == EPOCH or found.year < EARLIEST_YEAR:
        return None
    return found


def _tidied(stated: str) -> str:
    """Return the date with normalized spaces, signs and punctuation."""
    text = unicodedata.normalize("NFKC", unescape(stated[:LONGEST]))
    text = " ".join(text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-").split())
    return _COMMENT.sub("", text)


def _read(text: str) -> datetime | None:
    if match := _ISO.fullmatch(text):
        compact = not match["dash"]
        if compact and len(match["month"] + match["day"]) != 4:  # noqa: PLR2004 - MMDD
            return None
        return _made(match, int(match["year"]), int(match["month"]))
    if match := _RFC_822.fullmatch(text):
        month = MONTHS.get(plain_letters(match["name"]))
        if month and (at := _made(match, _year(match["year"]), month)):
            return at
    if text.isascii() and text[:1].isdigit() and text.replace(".", "", 1).isdigit():
        return _digits(text)
    if _WEEK.match(text):
        at = datetime.fromisoformat(text.upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    from groundwork_data.web.free_dates import read_free_date

    return read_free_date(text)


def _made(match: re.Match[str], year: int, month: int) -> datetime | None:
    """Build the time from the groups of a pattern."""
    hour = int(match["hour"] or 0)
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    if half := match["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    elif match["hour"] and not match["minute"] and "T" not in match[0].upper():
        return None
    # RFC 3339 allows a leap second, ISO 8601 midnight at the end of a day.
    leap = timedelta(seconds=1) if second == 60 else timedelta()  # noqa: PLR2004
    night = timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else timedelta()
    naive = datetime(  # noqa: DTZ001 - the zone comes next
        year, month, int(match["day"]), 0 if night else hour, minute, 59 if leap else second,
        int(((match["fraction"] or "") + "000000")[:6]),
    )  # fmt: skip
    return in_zone(naive + leap + night, match["zone"])


def _year(digits: str) -> int:
    """Return the year of two digits (RFC 5322 section 4.3)."""
    year = int(digits)
    if len(digits) == _LONG_YEAR:
        return year
    return year + (2000 if year < _RFC_2822_PIVOT else 1900)


def _digits(text: str) -> datetime | None:
    """Parse Unix time in seconds or milliseconds, or a date and time of digits only."""
    if match := _COMPACT.fullmatch(text):
        pattern = "%Y%m%d%H%M%S" if len(match[2]) > _LONG_YEAR else "%Y%m%d%H%M"
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    match = _UNIX.fullmatch(text)
    # 2023010510 is a Unix time in 2034, or ten o'clock on a day of 2023.
    if match is None or (match[2] is None and text.startswith(_COMPACT_YEARS)):
        return None
    return EPOCH + timedelta(seconds=int(match[1]), milliseconds=int(match[2] or 0))
