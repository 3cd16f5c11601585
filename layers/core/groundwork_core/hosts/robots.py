"""robots.txt (RFC 9309): which part is stored, and for how long. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched
from groundwork_core.sources.robots_known import KnownRobots

CACHE_SECONDS = 86_400
"""The longest time that RFC 9309 section 2.4 allows."""
CACHE_MIN_SECONDS = 3_600
UNREACHABLE_SECONDS = 1_800
"""How long nothing is fetched where robots.txt cannot be read."""
READ_BYTES = 524_288
"""Bytes that are read; RFC 9309 section 2.5 asks for at least 500 KiB."""
REFUSED_FROM, REFUSED_TO = 400, 500


def robots_from(origin: str, answer: Download, now: datetime) -> KnownRobots:
    """Return what is known of an origin's robots.txt after it was asked for at `now`.

    Status 4xx and endless redirects mean that there is none, so that all may be fetched; anything
    else but a text means that nothing may, for a while (RFC 9309 section 2.3.1).
    """
    if isinstance(answer, Fetched):
        fresh = answer.transfer.fresh_seconds
        seconds = CACHE_SECONDS if fresh is None else max(CACHE_MIN_SECONDS, fresh)
        until = now + timedelta(seconds=min(seconds, CACHE_SECONDS))
        text = answer.body[:READ_BYTES].decode(errors="replace").replace("\0", "")
        return KnownRobots(origin, "found", now, until, text)
    if isinstance(answer, Failed):
        status = answer.transfer.http_status or 0
        missing = REFUSED_FROM <= status < REFUSED_TO
        if missing or answer.failure is Failure.TOO_MANY_REDIRECTS:
            return KnownRobots(origin, "none", now, now + timedelta(seconds=CACHE_SECONDS))
    return KnownRobots(origin, "unreachable", now, now + timedelta(seconds=UNREACHABLE_SECONDS))
