"""Stored responses to requests with an Idempotency-Key, in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.idempotency.ports import StoredResponse

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# In a statement of its own: the next statement then sees what the last holder committed.
CLAIM = "SELECT pg_try_advisory_xact_lock(%s)"
FIND = "SELECT fingerprint, sealed FROM kept_answers WHERE id = %s AND expires_at > now()"
KEEP = """
INSERT INTO kept_answers (id, fingerprint, sealed, expires_at)
VALUES (%(id)s, %(fingerprint)s, %(sealed)s, now() + make_interval(hours => %(hours)s))
ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, sealed = excluded.sealed,
    expires_at = excluded.expires_at
"""


class PostgresKeptResponses:
    """Implements `KeptResponses`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def claim(self, response_id: bytes) -> bool:
        """Lock an id until the transaction ends; return False at once if another holds it."""
        number = int.from_bytes(response_id[:8], "big", signed=True)
        row = self._connection.execute(CLAIM, (number,)).fetchone()
        return bool(row and row[0])

    def find(self, response_id: bytes) -> StoredResponse | None:
        """Return the stored response if it has not expired."""
        row = self._connection.execute(FIND, (response_id,)).fetchone()
        return StoredResponse(*row) if row else None

    def keep(self, response_id: bytes, kept: StoredResponse, hours: int) -> None:
        """Store a response for `hours`; it replaces an expired one."""
        self._connection.execute(
            KEEP,
            {
                "id": response_id,
                "fingerprint": kept.fingerprint,
                "sealed": kept.sealed,
                "hours": hours,
            },
        )
