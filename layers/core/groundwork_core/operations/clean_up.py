"""Remove what is over: rows that nobody can ask for any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from groundwork_core.clock import Clock
from groundwork_core.unit_of_work import Transaction

OUTBOX_HOURS = 24
"""How long a subscriber of live topics may be away and still be told what it missed."""
CLOCK_SLOT_DAYS = 7
TOKEN_DAYS = 30
"""After their end, so that the reuse of a refresh token is still noticed."""
IDLE_BUCKET_HOURS = 1
"""Long before that it is full again, as one is that is not there."""
BATCH = 20_000


class Housekeeping(Protocol):
    """Removes rows, at most `limit` of a kind, and returns how many."""

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Remove outbox rows that are older and that every destination has carried."""
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
        """Remove counts of principals who have not asked since."""
        ...


class HousekeepingWork(Transaction, Protocol):
    """A unit of work that can remove what is over."""

    @property
    def housekeeping(self) -> Housekeeping:
        """What removes."""
        ...


def clean_up(*, work: HousekeepingWork, clock: Clock) -> int:
    """Remove what is over, in small transactions, and return how many rows."""
    now = clock.now()
    removed = 0
    with work:
        removed += work.housekeeping.remove_outbox(now - timedelta(hours=OUTBOX_HOURS), BATCH)
    with work:
        removed += work.housekeeping.remove_clock_slots(
            now - timedelta(days=CLOCK_SLOT_DAYS), BATCH
        )
        removed += work.housekeeping.remove_tickets(now, BATCH)
        removed += work.housekeeping.remove_refresh_tokens(now - timedelta(days=TOKEN_DAYS), BATCH)
        removed += work.housekeeping.remove_kept_answers(now, BATCH)
        removed += work.housekeeping.remove_rate_buckets(
            now - timedelta(hours=IDLE_BUCKET_HOURS), BATCH
        )
    return removed
