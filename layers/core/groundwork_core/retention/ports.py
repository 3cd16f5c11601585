"""Ports of retention."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from groundwork_core.unit_of_work import Transaction


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

    def remove_callbacks(self, before: datetime, limit: int) -> int:
        """Remove the ids of callbacks that were taken before."""
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
