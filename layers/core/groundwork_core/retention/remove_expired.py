"""Remove rows that have expired."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from groundwork_core.clock import Clock
from groundwork_core.unit_of_work import Transaction

OUTBOX_HOURS = 24
"""How far back a subscriber of live topics may replay."""
CLOCK_SLOT_DAYS = 7
TOKEN_DAYS = 30
"""After their end, so that reuse of a refresh token is still detected."""
IDLE_BUCKET_HOURS = 1
"""A bucket refills in seconds, so an idle one equals a missing one."""
BATCH = 20_000


class Retention(Protocol):
    """Removes rows, at most `limit` of a kind, and returns how many."""

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Remove outbox rows that are older and that every destination has received."""
        ...

    def remove_clock_slots(self, before: datetime, limit: int) -> int:
        """Remove runs of schedules that are older."""
        ...

    def remove_tickets(self, before: datetime, limit: int) -> int:
        """Remove socket tickets and login failures that ended before."""
        ...

    def remove_refresh_tokens(self, before: datetime, limit: int) -> int:
        """Remove refresh tokens that ended before."""
        ...

    def remove_kept_answers(self, before: datetime, limit: int) -> int:
        """Remove answers to repeated requests that expired before."""
        ...

    def remove_rate_buckets(self, before: datetime, limit: int) -> int:
        """Remove the buckets of principals without a request since."""
        ...


class RetentionWork(Transaction, Protocol):
    """A unit of work that can remove expired rows."""

    @property
    def retention(self) -> Retention:
        """Removes expired rows."""
        ...


def remove_expired(*, work: RetentionWork, clock: Clock) -> int:
    """Remove expired rows in small transactions; return how many."""
    now = clock.now()
    removed = 0
    with work:
        removed += work.retention.remove_outbox(now - timedelta(hours=OUTBOX_HOURS), BATCH)
    with work:
        removed += work.retention.remove_clock_slots(now - timedelta(days=CLOCK_SLOT_DAYS), BATCH)
        removed += work.retention.remove_tickets(now, BATCH)
        removed += work.retention.remove_refresh_tokens(now - timedelta(days=TOKEN_DAYS), BATCH)
        removed += work.retention.remove_kept_answers(now, BATCH)
        removed += work.retention.remove_rate_buckets(
            now - timedelta(hours=IDLE_BUCKET_HOURS), BATCH
        )
    return removed
