"""Delete expired rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.ids import first_id

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# A replay holds this lock while it adds messages that refer to the outbox.
OUTBOX_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('groundwork:retention', 0))"
OUTBOX_PLACE = """
SELECT xid, id FROM outbox_retention
WHERE name = 'outbox' AND epoch = (SELECT max(number) FROM epochs)
"""
# Rows that messages of webhooks refer to are kept, and the next run begins after them; they are
# removed together with their messages.
OUTBOX = """
WITH looked AS (
    SELECT o.id, o.xid, o.created_at < %(before)s AS old,
        bool_and(o.created_at < %(before)s) OVER (ORDER BY o.xid, o.id) AS all_old
    FROM outbox o
    WHERE (o.xid, o.id) > (%(xid)s::text::xid8, %(id)s)
        AND o.xid < (SELECT min(xid) FROM outbox_cursors)
    ORDER BY o.xid, o.id LIMIT %(limit)s
), gone AS (
    DELETE FROM outbox o USING looked l WHERE o.id = l.id AND l.old
        AND NOT EXISTS (SELECT FROM webhook_messages m WHERE m.outbox_id = o.id)
    RETURNING 1
), place AS (
    INSERT INTO outbox_retention (name, epoch, xid, id)
    SELECT 'outbox', (SELECT max(number) FROM epochs), (xid::text)::bigint, id
    FROM looked WHERE all_old AND EXISTS (SELECT FROM epochs) ORDER BY xid DESC, id DESC LIMIT 1
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, xid = excluded.xid, id = excluded.id
)
SELECT count(*) FROM gone
"""
MESSAGES = """
DELETE FROM webhook_messages WHERE id IN (
    SELECT id FROM webhook_messages
    WHERE id < %(first_id)s AND (status <> 'pending' OR due_at < %(before)s)
    ORDER BY id LIMIT %(limit)s)
RETURNING outbox_id
"""
OUTBOX_OF_MESSAGES = """
DELETE FROM outbox o WHERE o.id = ANY (%(ids)s) AND o.created_at < %(before)s
    AND o.xid < (SELECT min(xid) FROM outbox_cursors)
    AND NOT EXISTS (SELECT FROM webhook_messages m WHERE m.outbox_id = o.id)
"""
ATTEMPTS = """
DELETE FROM webhook_attempts WHERE id IN (
    SELECT id FROM webhook_attempts WHERE id < %s ORDER BY id LIMIT %s)
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
ROBOTS = """
DELETE FROM robots WHERE origin IN (SELECT origin FROM robots WHERE expires_at < %s LIMIT %s)
"""
# `ready_at` is null where no source of the host is enabled.
HOSTS = """
DELETE FROM hosts WHERE host IN (
    SELECT h.host FROM hosts h
    WHERE h.ready_at IS NULL AND h.next_allowed_at < %s
        AND (h.min_delay_ms, h.max_in_flight, h.obey_robots) = (1000, 1, true)
        AND NOT EXISTS (SELECT FROM source_states t WHERE t.host = h.host)
    LIMIT %s FOR UPDATE OF h SKIP LOCKED)
"""
SCHEDULE_RUNS = """
DELETE FROM schedule_runs WHERE id IN (
    SELECT id FROM schedule_runs WHERE created_at < %s ORDER BY created_at LIMIT %s)
"""


class PostgresRetention:
    """Implements `Retention`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def remove_outbox(self, before: datetime, limit: int) -> int:
        """Delete outbox rows older than `before` that every destination has received."""
        locked = self._connection.execute(OUTBOX_LOCK).fetchone()
        if locked is None or not locked[0]:
            return 0
        xid, id_ = self._connection.execute(OUTBOX_PLACE).fetchone() or (0, 0)
        given = {"before": before, "limit": limit, "xid": str(xid), "id": id_}
        row = self._connection.execute(OUTBOX, given).fetchone()
        return int(row[0]) if row else 0

    def remove_webhook_messages(self, before: datetime, outbox_before: datetime, limit: int) -> int:
        """Delete older webhook messages and attempts, and outbox rows that only these needed."""
        given = {"first_id": first_id(before), "before": before, "limit": limit}
        gone = [row[0] for row in self._connection.execute(MESSAGES, given).fetchall()]
        if gone:
            self._connection.execute(
                OUTBOX_OF_MESSAGES, {"ids": list(set(gone)), "before": outbox_before}
            )
        attempts = self._connection.execute(ATTEMPTS, [first_id(before), limit]).rowcount
        return len(gone) + attempts

    def remove_robots(self, before: datetime, limit: int) -> int:
        """Delete robots.txt that expired before `before`."""
        return self._connection.execute(ROBOTS, [before, limit]).rowcount

    def remove_hosts(self, before: datetime, limit: int) -> int:
        """Delete hosts without sources and settings whose last pause ended before `before`."""
        return self._connection.execute(HOSTS, [before, limit]).rowcount

    def remove_clock_slots(self, before: datetime, limit: int) -> int:
        """Delete the records of schedule slots before `before`."""
        return self._connection.execute(CLOCK_SLOTS, [before, limit]).rowcount

    def remove_tickets(self, before: datetime, limit: int) -> int:
        """Delete socket tickets and login failures that expired before `before`."""
        return self._connection.execute(TICKETS, {"before": before, "limit": limit}).rowcount

    def remove_refresh_tokens(self, before: datetime, limit: int) -> int:
        """Delete refresh tokens that expired before `before`."""
        return self._connection.execute(REFRESH_TOKENS, [before, limit]).rowcount

    def remove_kept_responses(self, before: datetime, limit: int) -> int:
        """Delete stored responses that expired before `before`."""
        return self._connection.execute(KEPT_ANSWERS, [before, limit]).rowcount

    def remove_schedule_runs(self, before: datetime, limit: int) -> int:
        """Delete runs of schedules before `before`."""
        return self._connection.execute(SCHEDULE_RUNS, [before, limit]).rowcount

    def remove_rate_buckets(self, before: datetime, limit: int) -> int:
        """Delete rate buckets of principals without a request since `before`."""
        return self._connection.execute(RATE_BUCKETS, [before, limit]).rowcount

    def remove_callbacks(self, before: datetime, limit: int) -> int:
        """Delete the ids of callbacks that were received before `before`."""
        return self._connection.execute(CALLBACKS, [before, limit]).rowcount

    def remove_job_attempts(self, before: datetime, limit: int) -> int:
        """Delete attempts of jobs that ended before `before`."""
        return self._connection.execute(JOB_ATTEMPTS, [before, limit]).rowcount
