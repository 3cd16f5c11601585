"""The times of further attempts, and the changes of an endpoint's state by responses.

The pauses are those of Standard Webhooks 1.0. Pure rules; times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

PAUSES_SECONDS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The pause before each attempt, counted from the previous one: ten attempts in 75 hours."""
JITTER = 0.1
"""Each pause is longer by up to this share, so that many messages do not come back at once."""
RETRY_AFTER_SECONDS_MAX = 86_400
DISABLE_AFTER = timedelta(days=5)
WARN_AFTER = DISABLE_AFTER / 2
OPENS_AFTER = 10
"""Consecutive failures after which an endpoint's circuit opens."""
OPEN_SECONDS, OPEN_SECONDS_MAX = 30, 3_600
GONE = 410

Consequence = Literal["none", "warn", "disable"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt."""

    status: int | None
    """The HTTP status; None if there was no response."""
    error: str | None = None
    retry_after_seconds: int | None = None

    @property
    def delivered(self) -> bool:
        """Return whether the endpoint accepted the message: any 2xx. A redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - Successful


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """The health of an endpoint, by its latest responses."""

    failures: int = 0
    """Consecutive failures, counted over all messages."""
    failing_since: datetime | None = None
    last_status: int | None = None
    open_until: datetime | None = None
    """The end of a time without messages: the circuit is open, or there was a Retry-After."""
    warned_at: datetime | None = None

    @property
    def doubtful(self) -> bool:
        """True if the circuit is open or half open; then only one message at a time is sent."""
        return self.failures >= OPENS_AFTER


def next_attempt(
    attempts: int, outcome: Outcome, now: datetime, chance: Callable[[], float]
) -> datetime | None:
    """Return when to attempt a message again after `attempts` attempts; None means never.

    Retry-After is honoured in full, up to 24 hours. `chance` returns a random number from 0 to 1.
    """
    if attempts >= len(PAUSES_SECONDS):
        return None
    pause = PAUSES_SECONDS[attempts] * (1 + JITTER * chance())
    return now + timedelta(seconds=max(pause, _asked_seconds(outcome)))


def after(
    health: EndpointHealth, outcome: Outcome, now: datetime
) -> tuple[EndpointHealth, Consequence]:
    """Return an endpoint's health after an attempt, and the action that follows, if any."""
    if outcome.delivered:
        return EndpointHealth(last_status=outcome.status), "none"
    failures = health.failures + 1
    since = health.failing_since or now
    known = replace(
        health,
        failures=failures,
        failing_since=since,
        last_status=outcome.status,
        open_until=_opens_until(health, failures, outcome, now),
    )
    if outcome.status == GONE or now - since >= DISABLE_AFTER:
        return known, "disable"
    if health.warned_at is None and now - since >= WARN_AFTER:
        return replace(known, warned_at=now), "warn"
    return known, "none"


def _opens_until(
    health: EndpointHealth, failures: int, outcome: Outcome, now: datetime
) -> datetime | None:
    seconds = float(_asked_seconds(outcome))
    if failures >= OPENS_AFTER:
        doubled = OPEN_SECONDS * 2 ** min(failures - OPENS_AFTER, 20)
        seconds = max(seconds, min(doubled, OPEN_SECONDS_MAX))
    if not seconds:
        return health.open_until
    until = now + timedelta(seconds=seconds)
    return max(until, health.open_until or until)


def _asked_seconds(outcome: Outcome) -> int:
    return min(outcome.retry_after_seconds or 0, RETRY_AFTER_SECONDS_MAX)
