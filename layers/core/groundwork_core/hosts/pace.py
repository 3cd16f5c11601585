"""The pause between requests to a host. Pure functions.

The delay is five times the duration of the last response, because busy hosts respond slowly. It is
at least the configured minimum and at most a minute; a Crawl-delay of robots.txt raises it.
Failures of the host itself open its circuit: no request is sent until a pause ends, then one probe
at a time until one succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

DELAY_FACTOR = 5
DELAY_CAP_MS = 60_000
CRAWL_DELAY_CAP_SECONDS = 600.0
FAILURES_TO_OPEN = 5
"""Consecutive failures of the host; one broken address among working ones never gets there."""
OPEN_SECONDS = 60
OPEN_CAP_SECONDS = 3_600
SOURCES_TO_THROTTLE = 3
"""Sources that must be throttled, one after the other, before their host is left
alone: a single response may be about one address or one account."""
THROTTLE_CAP_SECONDS = 3_600
_EXPONENT_CAP = 16
_MEAN_WEIGHT = 0.2


class Reply(StrEnum):
    """The state of the host according to a response or its absence."""

    ANSWERED = "answered"
    THROTTLED = "throttled"
    """The host asked to come back later (Retry-After with 429 or 503)."""
    HOST_FAILED = "host_failed"
    """Refused, timed out, or 5xx."""
    NOT_ASKED = "not_asked"
    """No request reached the host: no address, or refused by robots.txt."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to a host: the requests that a poll made to it."""

    source_id: UUID
    reply: Reply
    duration_ms: int = 0
    """The duration of the last response."""
    retry_after_seconds: int | None = None
    crawl_delay_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """The settings of a host, and its state after the latest visits."""

    host: str
    min_delay_ms: int = 1_000
    max_in_flight: int = 1
    obey_robots: bool = True
    next_allowed_at: datetime | None = None
    delay_ms: int = 1_000
    duration_ms: int | None = None
    mean_ms: int | None = None
    crawl_delay_seconds: float | None = None
    failures: int = 0
    circuit_until: datetime | None = None
    circuit_opened_at: datetime | None = None
    throttled_by: tuple[UUID, ...] = ()

    def circuit(self, now: datetime) -> str:
        """Return `closed`, `open`, or `half_open` when a probe is due or running."""
        if self.circuit_until is None:
            return "closed"
        return "open" if self.circuit_until > now else "half_open"


def delay_ms(
    *, duration_ms: int | None, min_delay_ms: int, crawl_delay_seconds: float | None
) -> int:
    """Return the milliseconds between the end of a response and the next request."""
    wanted = min(DELAY_CAP_MS, DELAY_FACTOR * (duration_ms or 0))
    crawl = min(crawl_delay_seconds or 0.0, CRAWL_DELAY_CAP_SECONDS)
    return max(min_delay_ms, wanted, round(crawl * 1_000))


def after_visit(pace: Pace, visit: Visit, now: datetime) -> Pace:
    """Return a host's state after a visit that ended at `now` (aware, UTC)."""
    if visit.reply is Reply.NOT_ASKED:
        return pace
    crawl = visit.crawl_delay_seconds if pace.obey_robots else None
    delay = delay_ms(
        duration_ms=visit.duration_ms,
        min_delay_ms=pace.min_delay_ms,
        crawl_delay_seconds=crawl,
    )
    mean = visit.duration_ms if pace.mean_ms is None else pace.mean_ms
    mean += round((visit.duration_ms - mean) * _MEAN_WEIGHT)
    free_at = now + timedelta(milliseconds=delay)
    pace = replace(
        pace,
        delay_ms=delay,
        duration_ms=visit.duration_ms,
        mean_ms=mean,
        crawl_delay_seconds=crawl,
        next_allowed_at=max(free_at, pace.next_allowed_at or free_at),
    )
    if visit.reply is Reply.HOST_FAILED:
        return _failed(pace, now)
    pace = replace(pace, failures=0, circuit_until=None, circuit_opened_at=None)
    if visit.reply is Reply.THROTTLED:
        return _throttled(pace, visit, now)
    return replace(pace, throttled_by=())


def _failed(pace: Pace, now: datetime) -> Pace:
    failures = pace.failures + 1
    if failures < FAILURES_TO_OPEN:
        return replace(pace, failures=failures)
    exponent = min(failures - FAILURES_TO_OPEN, _EXPONENT_CAP)
    until = now + timedelta(seconds=min(OPEN_CAP_SECONDS, OPEN_SECONDS * 2**exponent))
    return replace(
        pace,
        failures=failures,
        circuit_until=until,
        circuit_opened_at=pace.circuit_opened_at or now,
        next_allowed_at=max(until, pace.next_allowed_at or until),
    )


def _throttled(pace: Pace, visit: Visit, now: datetime) -> Pace:
    sources = tuple(dict.fromkeys((*pace.throttled_by, visit.source_id)))[-SOURCES_TO_THROTTLE:]
    pace = replace(pace, throttled_by=sources)
    if len(sources) < SOURCES_TO_THROTTLE:
        return pace
    pause = min(visit.retry_after_seconds or 0, THROTTLE_CAP_SECONDS)
    until = now + timedelta(seconds=pause)
    return replace(pace, next_allowed_at=max(until, pace.next_allowed_at or until))
