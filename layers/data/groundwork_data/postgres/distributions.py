"""Distributions on their way out, in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from groundwork_core.publishing.distribution_message import DistributionMessage, DueDistribution
from groundwork_core.publishing.rows import DistributionLeaseQuery, LeasedDistribution

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

DUE = """
SELECT d.id, d.channel, d.spec, d.scheduled_at, c.id, c.version, c.title, c.format
FROM distributions d JOIN contents c ON c.id = d.content_id AND c.status = 'published'
WHERE d.status = 'scheduled' AND (d.scheduled_at IS NULL OR d.scheduled_at <= %(now)s)
    AND (%(only)s::uuid IS NULL OR d.id = %(only)s)
ORDER BY d.scheduled_at NULLS FIRST, d.id LIMIT %(limit)s
FOR NO KEY UPDATE OF d SKIP LOCKED
"""
PREFERENCES = """
SELECT user_id, jsonb_object_agg(key, value) FROM preferences
WHERE user_id = ANY(%s) GROUP BY user_id
"""
SCHEMAS = "SELECT key, schema FROM preference_schemas"
START = """
WITH started AS (
    SELECT * FROM jsonb_to_recordset(%(started)s)
        AS x(id uuid, version bigint, channel text, message jsonb)
), sending AS (
    UPDATE distributions d SET status = 'sending', content_version = s.version, error = NULL
    FROM started s WHERE d.id = s.id
)
INSERT INTO distribution_handovers (distribution_id, channel, message, available_at)
SELECT id, channel, message, %(now)s FROM started
ON CONFLICT (distribution_id) DO UPDATE SET channel = excluded.channel,
    message = excluded.message, available_at = excluded.available_at, attempts = 0,
    worker = NULL, lease_token = NULL, leased_until = NULL
"""
END = """
WITH handed_over AS (DELETE FROM distribution_handovers WHERE distribution_id = ANY(%(ids)s))
UPDATE distributions SET status = %(status)s, error = %(error)s
WHERE id = ANY(%(ids)s) AND status IN ('scheduled', 'sending')
    AND (status, error) IS DISTINCT FROM (%(status)s, %(error)s::jsonb)
"""
CANCEL = """
UPDATE distributions SET status = 'cancelled'
WHERE id = %s AND status IN ('draft', 'scheduled') RETURNING true
"""
# An expired lease counts as an attempt.
LEASE = """
WITH waiting AS (
    SELECT h.distribution_id FROM distribution_handovers h
        JOIN distributions d ON d.id = h.distribution_id AND d.status = 'sending'
    WHERE h.channel = ANY(%(channels)s) AND h.available_at <= %(now)s
        AND (h.leased_until IS NULL OR h.leased_until <= %(now)s)
        AND h.attempts + (h.leased_until IS NOT NULL)::int < %(attempts_max)s
    ORDER BY h.available_at, h.distribution_id LIMIT %(limit)s
    FOR UPDATE OF h SKIP LOCKED
)
UPDATE distribution_handovers h SET attempts = h.attempts + (h.leased_until IS NOT NULL)::int,
    worker = %(worker)s, lease_token = gen_random_uuid(), leased_until = %(until)s
FROM waiting w WHERE h.distribution_id = w.distribution_id
RETURNING h.message, h.lease_token, h.leased_until, h.attempts + 1
"""
ATTEMPT = """
SELECT attempts + 1 FROM distribution_handovers
WHERE distribution_id = %s AND lease_token = %s AND leased_until > %s FOR UPDATE
"""
GIVE_BACK = """
UPDATE distribution_handovers SET attempts = %s, available_at = %s, worker = NULL,
    lease_token = NULL, leased_until = NULL
WHERE distribution_id = %s
"""
KEEP_ERROR = "UPDATE distributions SET error = %s WHERE id = %s AND status = 'sending'"
IS_COMPLETE = """
SELECT NOT EXISTS (SELECT FROM deliveries
    WHERE distribution_id = %s AND status IN ('pending', 'sent'))
"""
EXHAUSTED = """
SELECT distribution_id FROM distribution_handovers
WHERE leased_until <= %s AND attempts + 1 >= %s ORDER BY distribution_id LIMIT %s
"""
REMOVE_ENDED = """
DELETE FROM distribution_handovers WHERE distribution_id IN (
    SELECT h.distribution_id FROM distribution_handovers h
        JOIN distributions d ON d.id = h.distribution_id AND d.status <> 'sending'
    WHERE h.leased_until IS NULL OR h.leased_until <= %s
    LIMIT %s FOR UPDATE OF h SKIP LOCKED)
"""


class PostgresDistributions:
    """Implements `DistributionStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def due(self, now: datetime, limit: int, only: UUID | None) -> list[DueDistribution]:
        """Lock and return scheduled distributions that are due and whose content is published."""
        given = {"now": now, "limit": limit, "only": only}
        return [DueDistribution(*row) for row in self._connection.execute(DUE, given).fetchall()]

    def preferences(self, users: Collection[UUID]) -> Mapping[UUID, dict[str, JsonValue]]:
        """Return the preferences of users, by user and key."""
        return dict(self._connection.execute(PREFERENCES, [list(users)]).fetchall())

    def preference_schemas(self) -> Mapping[str, JsonValue]:
        """Return the schemas of preferences, by key."""
        return dict(self._connection.execute(SCHEMAS).fetchall())

    def start(self, messages: Sequence[DistributionMessage], now: datetime) -> None:
        """Set distributions to `sending`, fix the versions of their contents, and allow leases."""
        started = [
            {
                "id": str(one.distribution_id),
                "version": one.content.version,
                "channel": one.channel,
                "message": one.model_dump(mode="json"),
            }
            for one in messages
        ]
        if started:
            self._connection.execute(START, {"started": Jsonb(started), "now": now})

    def end(self, ids: Collection[UUID], status: str, error: dict[str, str] | None) -> None:
        """Set a final status and error; the distributions can no longer be leased."""
        if ids:
            stated = None if error is None else Jsonb(error)
            given = {"ids": list(ids), "status": status, "error": stated}
            self._connection.execute(END, given)

    def cancel(self, distribution_id: UUID) -> bool:
        """Cancel a draft or scheduled distribution; return False if it has another status."""
        return self._connection.execute(CANCEL, [distribution_id]).fetchone() is not None

    def lease(self, wanted: DistributionLeaseQuery) -> list[LeasedDistribution]:
        """Lease waiting distributions, oldest first."""
        given = {
            "channels": list(wanted.channels),
            "worker": wanted.worker,
            "now": wanted.now,
            "until": wanted.until,
            "limit": wanted.limit,
            "attempts_max": wanted.attempts_max,
        }
        rows = self._connection.execute(LEASE, given).fetchall()
        return [LeasedDistribution(*row) for row in rows]

    def attempt_of(self, distribution_id: UUID, token: UUID, now: datetime) -> int | None:
        """Lock a lease and return its attempt; None if `token` is not that of the current lease."""
        row = self._connection.execute(ATTEMPT, [distribution_id, token, now]).fetchone()
        return None if row is None else int(row[0])

    def give_back(self, distribution_id: UUID, attempts: int, available_at: datetime) -> None:
        """End a lease; the distribution can be leased again from `available_at` on."""
        self._connection.execute(GIVE_BACK, [attempts, available_at, distribution_id])

    def keep_error(self, distribution_id: UUID, error: dict[str, str]) -> None:
        """Store why the last attempt failed."""
        self._connection.execute(KEEP_ERROR, [Jsonb(error), distribution_id])

    def is_complete(self, distribution_id: UUID) -> bool:
        """Return whether no delivery of the distribution is under way."""
        row = self._connection.execute(IS_COMPLETE, [distribution_id]).fetchone()
        return row is not None and bool(row[0])

    def exhausted(self, now: datetime, attempts_max: int, limit: int) -> list[UUID]:
        """Return distributions whose last allowed attempt ended with an expired lease."""
        rows = self._connection.execute(EXHAUSTED, [now, attempts_max, limit]).fetchall()
        return [row[0] for row in rows]

    def remove_ended(self, now: datetime, limit: int) -> None:
        """Delete the lease data of distributions that are no longer `sending`."""
        self._connection.execute(REMOVE_ENDED, [now, limit])
