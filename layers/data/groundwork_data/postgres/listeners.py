"""Open sockets and the order of live events, in Postgres."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.outbox import OutboxRow
from groundwork_core.realtime.ports import Listener, NumberedRow, RedeemedTicket, ReplayRange
from groundwork_core.realtime.topics import ENTITY, JOB
from groundwork_data.postgres.outbox import PostgresOutbox

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

KEY_HOLDS = """
({it}.api_key_id IS NULL OR EXISTS (
    SELECT FROM api_keys k WHERE k.id = {it}.api_key_id AND {it}.permissions <@ k.scopes
        AND k.revoked_at IS NULL AND coalesce(k.expires_at > clock_timestamp(), true)))
"""
"""Condition on a ticket or a socket: the API key that it was opened with, if any, is valid."""
SOCKETS_KEY_HOLDS, TICKETS_KEY_HOLDS = KEY_HOLDS.format(it="c"), KEY_HOLDS.format(it="t")

REDEEM = f"""
DELETE FROM socket_tickets t USING users u
WHERE t.ticket_hash = %s AND t.expires_at > clock_timestamp()
    AND u.id = t.user_id AND u.status = 'active' AND t.permissions <@ ARRAY(
        SELECT unnest(r.permissions) FROM roles r WHERE r.name = ANY(u.roles))
    AND {TICKETS_KEY_HOLDS}
RETURNING t.user_id, t.permissions, t.api_key_id, (
    SELECT extract(epoch FROM k.expires_at - clock_timestamp())
    FROM api_keys k WHERE k.id = t.api_key_id)::float
"""  # noqa: S608 - its parts are constants

LISTENERS = f"""
SELECT c.connection_id, c.user_id, c.permissions, c.topics FROM socket_connections c
WHERE {SOCKETS_KEY_HOLDS} AND
"""  # noqa: S608 - as above
"""A socket whose API key is no longer valid is left out even before it is closed."""

UNWELCOME = f"""
SELECT c.connection_id FROM socket_connections c LEFT JOIN users u ON u.id = c.user_id
WHERE (%(users)s::uuid[] IS NULL OR c.user_id = ANY(%(users)s))
    AND (u.id IS NULL OR u.status <> 'active' OR u.sessions_valid_from > c.connected_at
        OR NOT c.permissions <@ ARRAY(
            SELECT unnest(r.permissions) FROM roles r WHERE r.name = ANY(u.roles))
        OR NOT {SOCKETS_KEY_HOLDS})
"""  # noqa: S608 - as above

OUTLIVED = f"""
SELECT c.connection_id FROM socket_connections c WHERE NOT {SOCKETS_KEY_HOLDS}
"""  # noqa: S608 - as above

REPLAY = """
SELECT seq, (xid::text)::bigint, id, aggregate, aggregate_id, version, kind, data
FROM outbox WHERE seq > %(since)s AND (
    aggregate = ANY(%(aggregates)s)
    OR aggregate = 'entities' AND aggregate_id = ANY(%(entities)s)
    OR aggregate = 'jobs' AND aggregate_id = ANY(%(jobs)s)
    OR aggregate = 'relationships'
        AND (data ->> 'from_id' = ANY(%(ends)s) OR data ->> 'to_id' = ANY(%(ends)s)))
ORDER BY seq LIMIT %(limit)s
"""


class PostgresListeners:
    """Implements `ListenerStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def redeem(self, ticket: str) -> RedeemedTicket | None:
        """Redeem a ticket; None if it is unknown, used or expired, or its user is disabled."""
        # The DELETE is the check: of concurrent callers only one finds the row.
        row = self._connection.execute(
            REDEEM, (hashlib.sha256(ticket.encode()).digest(),)
        ).fetchone()
        return RedeemedTicket(row[0], tuple(row[1]), row[2], row[3]) if row else None

    def add(self, connection_id: str, ticket: RedeemedTicket) -> None:
        """Store a socket that was just opened."""
        self._connection.execute(
            "INSERT INTO socket_connections (connection_id, user_id, permissions, api_key_id)"
            " VALUES (%s, %s, %s, %s)",
            (connection_id, ticket.user_id, list(ticket.permissions), ticket.key_id),
        )

    def remove(self, connections: Iterable[str]) -> None:
        """Delete sockets."""
        self._connection.execute(
            "DELETE FROM socket_connections WHERE connection_id = ANY(%s)", (list(connections),)
        )

    def get(self, connection_id: str) -> Listener | None:
        """Return one socket; None if it is unknown or its API key is no longer valid."""
        row = self._connection.execute(
            f"{LISTENERS} c.connection_id = %s", (connection_id,)
        ).fetchone()
        return _listener(row) if row else None

    def listen(self, connection_id: str, topics: frozenset[str]) -> None:
        """Set the topics of a socket."""
        self._connection.execute(
            "UPDATE socket_connections SET topics = %s WHERE connection_id = %s",
            (sorted(topics), connection_id),
        )

    def listening(self, topics: Iterable[str]) -> list[Listener]:
        """Return the sockets that listen to any of these topics and whose API keys are valid."""
        rows = self._connection.execute(f"{LISTENERS} c.topics && %s", (list(topics),)).fetchall()
        return [_listener(row) for row in rows]

    def unauthorized(self, users: Iterable[UUID] | None) -> list[str]:
        """Return sockets whose users' sessions ended or who lost permissions since it opened."""
        named = None if users is None else list(users)
        return [row[0] for row in self._connection.execute(UNWELCOME, {"users": named})]

    def expired(self) -> list[str]:
        """Return sockets whose API keys are no longer valid."""
        return [row[0] for row in self._connection.execute(OUTLIVED)]


class PostgresNumberedOutbox(PostgresOutbox):
    """Implements `NumberedOutbox`, inside a transaction."""

    def span(self) -> ReplayRange:
        """Return the range of seq that can be replayed."""
        row = self._connection.execute(
            "SELECT c.seq, (SELECT min(seq) FROM outbox WHERE seq IS NOT NULL)"
            " FROM outbox_cursors c WHERE c.destination = 'live'"
        ).fetchone()
        last, oldest = row if row else (0, None)
        return ReplayRange(oldest=last + 1 if oldest is None else oldest, last=last)

    def replay(self, topics: Iterable[str], since: int, limit: int) -> list[NumberedRow]:
        """Return the next rows of these topics with a seq above `since`, in order."""
        names = list(topics)
        ids = [name.removeprefix(ENTITY) for name in names if name.startswith(ENTITY)]
        rows = self._connection.execute(
            REPLAY,
            {
                "since": since,
                "aggregates": [name for name in names if not name.startswith((ENTITY, JOB))],
                "jobs": [UUID(name.removeprefix(JOB)) for name in names if name.startswith(JOB)],
                "entities": [UUID(one) for one in ids],
                "ends": ids,
                "limit": limit,
            },
        ).fetchall()
        return [NumberedRow(row[0], OutboxRow(*row[1:])) for row in rows]


def _listener(row: TupleRow) -> Listener:
    return Listener(row[0], row[1], frozenset(row[2]), frozenset(row[3]))
