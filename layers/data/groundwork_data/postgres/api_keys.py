"""API keys in Postgres, beyond what every resource does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

REVOKE = "UPDATE api_keys SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL"


class PostgresApiKeys:
    """Implements `ApiKeyStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Take the running transaction."""
        self._connection = connection

    def revoke(self, key_id: UUID, now: datetime) -> None:
        """End a key for good; one that was revoked earlier stays as it is."""
        self._connection.execute(REVOKE, (now, key_id))
