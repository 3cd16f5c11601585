"""Revocation of API keys, and which key created which, in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

REVOKE = "UPDATE api_keys SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL"
"""A trigger also revokes the keys that were made with this one."""

IS_MADE_BY = """
WITH RECURSIVE makers AS (
    SELECT parent_id FROM api_keys WHERE id = %(key_id)s
    UNION ALL
    SELECT k.parent_id FROM api_keys k JOIN makers m ON k.id = m.parent_id
)
SELECT EXISTS (SELECT FROM makers WHERE parent_id = %(maker)s)
"""


class PostgresApiKeys:
    """Implements `ApiKeyStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def revoke(self, key_id: UUID, now: datetime) -> None:
        """Revoke a key; a key that is revoked already keeps its time of revocation."""
        self._connection.execute(REVOKE, (now, key_id))

    def is_made_by(self, key_id: UUID, maker: UUID) -> bool:
        """Return whether `maker` made this key, directly or through keys that it made."""
        given = {"key_id": key_id, "maker": maker}
        row = self._connection.execute(IS_MADE_BY, given).fetchone()
        return row is not None and bool(row[0])
