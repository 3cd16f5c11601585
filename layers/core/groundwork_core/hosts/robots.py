"""robots.txt (RFC 9309): what is stored of it, and for how long. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched
from groundwork_core.sources.robots_known import KnownRobots

CACHE_SECONDS = 86_400
"""The longest time that RFC 9309 section 2.4 allows."""
CACHE_MIN_SECONDS = 3_600
UNREACHABLE_SECONDS = 1_800
"""Period without fetches after robots.txt could not be read."""
READ_BYTES = 524_288
"""Bytes that are read; RFC 9309 section 2.5 asks for at least 500 KiB."""
REFUSED_FROM, REFUSED_TO = 400, 500


def robots_from(origin: str, response: Download, now: datetime) -> KnownRobots:
    """Return the rules of an origin's robots.txt after it was requested at `now`.

    Status 4xx and endless redirects mean that there is no robots.txt, so that everything may be
    fetched. Any other response without a text means that nothing may be fetched for a while (RFC
    9309 section 2.3.1).
    """
    if isinstance(response, Fetched):
        fresh = response.transfer.fresh_seconds
        seconds = CACHE_SECONDS if fresh is None else max(CACHE_MIN_SECONDS, fresh)
        until = now + timedelta(seconds=min(seconds, CACHE_SECONDS))
        text = response.body[:READ_BYTES].decode(errors="replace").replace("\0", "")
        return KnownRobots(origin, "found", now, until, text)
    if isinstance(response, Failed):
        status = response.transfer.http_status or 0
        missing = REFUSED_FROM <= status < REFUSED_TO
        if missing or response.failure is Failure.TOO_MANY_REDIRECTS:
            return KnownRobots(origin, "none", now, now + timedelta(seconds=CACHE_SECONDS))
    return KnownRobots(origin, "unreachable", now, now + timedelta(seconds=UNREACHABLE_SECONDS))
