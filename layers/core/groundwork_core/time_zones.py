"""Time zones by their names in the IANA database."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OF_A_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside those of the database; what they hold differs between machines."""
OTHER_CLOCKS = ("posix/", "right/")
"""Copies of the database; the times of `right/` count leap seconds."""


class UnknownTimeZone(ValueError):
    """A name is not that of a time zone."""


def time_zone(name: str) -> ZoneInfo:
    """Return a time zone such as Europe/Berlin.

    Raises:
        UnknownTimeZone: the IANA database has no zone of this name.
    """
    message = f"{name} is not a known time zone"
    if name in OF_A_MACHINE or name.startswith(OTHER_CLOCKS):
        raise UnknownTimeZone(message)
    try:
        # ZoneInfo reads files: it refuses paths outside the database.
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZone(message) from None
