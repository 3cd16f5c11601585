"""Quiet hours of a user: the preference `quiet_hours` at a given moment.

A value is `{"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin"}`, in wall-clock time. It
passes midnight if `to` is not later than `from`. When clocks go back, some times come twice, and
are quiet both times. When clocks go forward, some times are skipped; a limit at a skipped time is
the moment of the change.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.time_zones import UnknownTimeZone, time_zone

PREFERENCE = "quiet_hours"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY = timedelta(days=1)


class QuietHours(BaseModel):
    """True if a recipient has quiet hours at the time of the distribution."""

    model_config = ConfigDict(frozen=True)

    quiet: bool
    until: datetime | None = Field(description="The end of the quiet hours, if it is quiet.")
    fault: str | None = Field(
        None, description="Why the preference cannot be evaluated; `quiet` is then false."
    )


class BadQuietHours(ValueError):
    """A preference that is not valid quiet hours; the message says why."""


def quiet_hours(preference: JsonValue, now: datetime) -> QuietHours:
    """Return whether a moment (an aware time) is in quiet hours, and when these end."""
    try:
        begins, ends, zone = _stated(preference)
    except BadQuietHours as bad:
        return QuietHours(quiet=False, until=None, fault=str(bad))
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):  # quiet hours may have begun yesterday
        last_day = day if begins < ends else day + _DAY
        if _first(day, begins, zone) <= now < (until := _last(last_day, ends, zone)):
            return QuietHours(quiet=True, until=until)
    return QuietHours(quiet=False, until=None)


def _stated(preference: JsonValue) -> tuple[time, time, ZoneInfo]:
    if not isinstance(preference, dict):
        raise BadQuietHours("must be an object with from, to and timezone")
    begins, ends = _time(preference, "from"), _time(preference, "to")
    if begins == ends:
        raise BadQuietHours("from and to must differ")
    name = preference.get("timezone")
    try:
        return begins, ends, time_zone(str(name))
    except UnknownTimeZone:
        message = "timezone must be a name of the IANA database, such as Europe/Berlin"
        raise BadQuietHours(message) from None


def _time(preference: dict[str, JsonValue], name: str) -> time:
    value = preference.get(name)
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadQuietHours(f"{name} must be a time as HH:MM, from 00:00 to 23:59")
    return time(int(found[1]), int(found[2]))


def _first(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when a local time is first reached; it occurs twice when clocks go back."""
    return min(_moments(day, at, zone))


def _last(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when a local time is last reached; it occurs twice when clocks go back."""
    return max(_moments(day, at, zone))


def _moments(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first and last moment of a local time; for a skipped time, that of the change."""
    wall = datetime.combine(day, at, zone)
    before, after = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if before <= after:
        return before, after
    # For a skipped time, fold 0 uses the old offset, which gives the later moment (PEP 495).
    low, high = int(after.timestamp()), int(before.timestamp())
    offset = after.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    change = datetime.fromtimestamp(high, UTC)
    return change, change
