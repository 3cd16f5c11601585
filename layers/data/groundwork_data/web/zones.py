"""Resolve the names of time zones that feeds use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOURS: dict[str, float] = {
    # RFC 822 section 5.1, where CST and others are zones of North America.
    "Z": 0, "UT": 0, "GMT": 0, "UTC": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    # Names with one offset everywhere. BST is British Summer Time here.
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4, "TRT": 3, "IDT": 3, "SAST": 2, "CAT": 2, "EAT": 3,
    "WAT": 1, "PKT": 5, "NPT": 5.75, "ICT": 7, "WIB": 7, "WITA": 8, "HKT": 8, "SGT": 8, "AWST": 8,
    "JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "AKST": -9, "AKDT": -8, "HST": -10, "NST": -3.5, "NDT": -2.5, "BRT": -3, "BRST": -2, "ART": -3,
    "COT": -5, "PET": -5, "VET": -4, "CLT": -4, "CLST": -3,
}  # fmt: skip
_OFFSETS = {name: timezone(timedelta(hours=hours)) for name, hours in _HOURS.items()}
_PLACES = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}  # fmt: skip
"""Names that mean winter or summer time depending on the date."""
_ZERO = frozenset({"", "Z", "UT", "GMT", "UTC"})
_HOUR = 60
_LONGEST = 14 * _HOUR
ZONE = r"(?P<zone>(?:\s*[A-Za-z]{1,5})?\s*(?:[+-]\d{1,2}(?::?\d\d)?)?(?:\s*[A-Za-z]{1,5})?)"
_PARTS = re.compile(
    r"\s*(?P<before>[A-Z]+)?\s*(?:(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?"
    r"\s*(?P<after>[A-Z]+)?)?\s*"
)


def in_zone(naive: datetime, stated: str) -> datetime | None:
    """Return the time in UTC; return None if the zone is unknown or ambiguous.

    No zone means UTC. `GMT+2` is two hours east of Greenwich, as people use it, unlike POSIX.
    """
    zone = _zone(stated)
    if zone is None:
        return None
    try:
        return naive.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def _zone(stated: str) -> tzinfo | None:
    parts = _PARTS.fullmatch(stated.upper())
    if parts is None:
        return None
    before, after = parts["before"] or "", parts["after"] or ""
    if parts["sign"]:
        # A name before an offset is GMT or UTC; a name after it only repeats it.
        return _offset(parts) if before in _ZERO and not (before and after) else None
    if before in _PLACES:
        return _place(_PLACES[before])
    return UTC if not before else _OFFSETS.get(before)


def _offset(parts: re.Match[str]) -> tzinfo | None:
    minutes = int(parts["hours"]) * _HOUR + int(parts["minutes"] or 0)
    if minutes > _LONGEST or int(parts["minutes"] or 0) >= _HOUR:
        return None
    return timezone(timedelta(minutes=-minutes if parts["sign"] == "-" else minutes))


def _place(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return None
