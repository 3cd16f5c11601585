"""Delete expired rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

OUTBOX = """
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM outbox o
    WHERE o.created_at < %s AND o.xid < (SELECT min(xid) FROM outbox_cursors)
    ORDER BY o.xid, o.id LIMIT %s)
"""
CLOCK_SLOTS = """
DELETE FROM clock_slots WHERE (schedule, slot) IN (
    SELECT schedule, slot FROM clock_slots WHERE slot < %s LIMIT %s)
"""
TICKETS = """
WITH failures AS (
    DELETE FROM login_failures WHERE subject IN (
        SELECT subject FROM login_failures WHERE window_ends_at < %(before)s LIMIT %(limit)s)
)
DELETE FROM socket_tickets WHERE ticket_hash IN (
    SELECT ticket_hash FROM socket_tickets WHERE expires_at < %(before)s LIMIT %(limit)s)
"""
REFRESH_TOKENS = """
DELETE FROM refresh_tokens WHERE id IN (
    SELECT id FROM refresh_tokens WHERE expires_at < %s LIMIT %s)
"""
KEPT_ANSWERS = """
DELETE FROM kept_answers WHERE id IN (
    SELECT id FROM kept_answers WHERE expires_at < %s LIMIT %s)
"""
RATE_BUCKETS = """
DELETE FROM rate_buckets WHERE principal IN (
    SELECT principal FROM rate_buckets WHERE filled_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
"""
CALLBACKS = """
DELETE FROM publisher_callbacks WHERE (publisher_id, webhook_id) IN (
    SELECT publisher_id, webhook_id FROM publisher_callbacks WHERE taken_at < %s LIMIT %s)
"""
JOB_ATTEMPTS = """
DELETE FROM job_attempts WHERE id IN (
    SELECT id FROM job_attempts WHERE ended_at < %s ORDER BY ended_at LIMIT %s)
"""


class PostgresRetention:
    """Implements `Retention`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Delete outbox rows older than `before` that every destination has received."""
        return self._connection.execute(OUTBOX, [before, limit]).rowcount

    def remove_clock_slots(self, before: datetime, limit: int) -> int:
        """Delete runs of schedules older than `before`."""
        return self._connection.execute(CLOCK_SLOTS, [before, limit]).rowcount

    def remove_tickets(self, before: datetime, limit: int) -> int:
        """Delete socket tickets and login failures that expired before `before`."""
        return self._connection.execute(TICKETS, {"before": before, "limit": limit}).rowcount

    def remove_refresh_tokens(self, before: datetime, limit: int) -> int:
        """Delete refresh tokens that expired before `before`."""
        return self._connection.execute(REFRESH_TOKENS, [before, limit]).rowcount

    def remove_kept_answers(self, before: datetime, limit: int) -> int:
        """Delete stored answers that expired before `before`."""
        return self._connection.execute(KEPT_ANSWERS, [before, limit]).rowcount

    def remove_rate_buckets(self, before: datetime, limit: int) -> int:
        """Delete rate buckets of principals without a request since `before`."""
        return self._connection.execute(RATE_BUCKETS, [before, limit]).rowcount

    def remove_callbacks(self, before: datetime, limit: int) -> int:
        """Remove the ids of callbacks that were taken before."""
        return self._connection.execute(CALLBACKS, [before, limit]).rowcount

    def remove_job_attempts(self, before: datetime, limit: int) -> int:
        """Delete the attempts of jobs that ended before."""
        return self._connection.execute(JOB_ATTEMPTS, [before, limit]).rowcount
