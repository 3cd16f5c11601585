"""The encrypted credentials of sources, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SET = """
INSERT INTO source_credentials (source_id, encrypted) VALUES (%s, %s)
ON CONFLICT (source_id) DO UPDATE SET encrypted = excluded.encrypted, changed_at = now()
"""
REMOVE = "DELETE FROM source_credentials WHERE source_id = %s RETURNING source_id"
SHOW_NONE = "UPDATE sources SET has_credentials = false WHERE id = %s AND has_credentials"
OF = "SELECT source_id, encrypted FROM source_credentials WHERE source_id = ANY(%s)"


class PostgresCredentials:
    """Implements `CredentialStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def set(self, source_id: UUID, encrypted: str) -> None:
        """Store or replace the credentials of a source."""
        self._connection.execute(SET, (source_id, encrypted))

    def remove(self, source_id: UUID) -> bool:
        """Remove the credentials of a source; False: it has none."""
        return self._connection.execute(REMOVE, (source_id,)).fetchone() is not None

    def forget(self, source_id: UUID) -> bool:
        """Remove the credentials of a source, and show that it has none; False: it had none."""
        if not self.remove(source_id):
            return False
        self._connection.execute(SHOW_NONE, (source_id,))
        return True

    def of(self, source_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the encrypted credentials of those sources that have some."""
        rows = self._connection.execute(OF, (list(source_ids),)).fetchall()
        return {row[0]: row[1] for row in rows}
