"""Ports of retention."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from groundwork_core.unit_of_work import Transaction


class Retention(Protocol):
    """Deletes at most `limit` rows of a kind, and returns how many."""

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Delete older outbox rows that every destination has received and no webhook needs."""
        ...

    def remove_webhook_messages(self, before: datetime, outbox_before: datetime, limit: int) -> int:
        """Delete older messages and attempts of webhooks, and outbox rows that only they kept."""
        ...

    def remove_clock_slots(self, before: datetime, limit: int) -> int:
        """Delete older runs of schedules."""
        ...

    def remove_tickets(self, before: datetime, limit: int) -> int:
        """Delete tickets and login failures that ended before."""
        ...

    def remove_refresh_tokens(self, before: datetime, limit: int) -> int:
        """Delete refresh tokens that ended before."""
        ...

    def remove_kept_answers(self, before: datetime, limit: int) -> int:
        """Delete stored responses of idempotency keys that expired before."""
        ...

    def remove_callbacks(self, before: datetime, limit: int) -> int:
        """Delete the ids of callbacks that were received before a time."""
        ...

    def remove_job_attempts(self, before: datetime, limit: int) -> int:
        """Delete the attempts of jobs that ended before."""
        ...

    def remove_schedule_runs(self, before: datetime, limit: int) -> int:
        """Delete runs of schedules that were before."""
        ...

    def remove_robots(self, before: datetime, limit: int) -> int:
        """Delete robots.txt that expired before."""
        ...

    def remove_hosts(self, before: datetime, limit: int) -> int:
        """Delete hosts without a source or a setting of their own that were asked before."""
        ...

    def remove_rate_buckets(self, before: datetime, limit: int) -> int:
        """Delete the buckets of principals without a request since."""
        ...


class RetentionWork(Transaction, Protocol):
    """A unit of work with retention."""

    @property
    def retention(self) -> Retention:
        """The deletion of expired rows."""
        ...
