"""Ports of retention."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from groundwork_core.unit_of_work import Transaction


class Retention(Protocol):
    """Deletes expired rows. Each method deletes at most `limit` rows and returns how many."""

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Delete older outbox rows that every destination has received and no webhook needs."""
        ...

    def remove_webhook_messages(self, before: datetime, outbox_before: datetime, limit: int) -> int:
        """Delete older webhook messages and attempts, and outbox rows that only these needed."""
        ...

    def remove_clock_slots(self, before: datetime, limit: int) -> int:
        """Delete the records of schedule slots before a time."""
        ...

    def remove_tickets(self, before: datetime, limit: int) -> int:
        """Delete tickets and login failures that expired before a time."""
        ...

    def remove_refresh_tokens(self, before: datetime, limit: int) -> int:
        """Delete refresh tokens that expired before a time."""
        ...

    def remove_kept_responses(self, before: datetime, limit: int) -> int:
        """Delete stored responses of idempotency keys that expired before a time."""
        ...

    def remove_callbacks(self, before: datetime, limit: int) -> int:
        """Delete the ids of callbacks that were received before a time."""
        ...

    def remove_job_attempts(self, before: datetime, limit: int) -> int:
        """Delete attempts of jobs that ended before a time."""
        ...

    def remove_schedule_runs(self, before: datetime, limit: int) -> int:
        """Delete runs of schedules before a time."""
        ...

    def remove_robots(self, before: datetime, limit: int) -> int:
        """Delete robots.txt files that expired before a time."""
        ...

    def remove_hosts(self, before: datetime, limit: int) -> int:
        """Delete hosts without sources and settings whose last request was before a time."""
        ...

    def remove_rate_buckets(self, before: datetime, limit: int) -> int:
        """Delete the buckets of principals whose last request was before a time."""
        ...


class RetentionWork(Transaction, Protocol):
    """A unit of work with retention."""

    @property
    def retention(self) -> Retention:
        """The store of expired rows."""
        ...
