"""The encrypted credentials of sources, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.sources.rows import FetchDetails

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SET = """
INSERT INTO source_credentials (source_id, encrypted) VALUES (%s, %s)
ON CONFLICT (source_id) DO UPDATE SET encrypted = excluded.encrypted, changed_at = now()
"""
REMOVE = "DELETE FROM source_credentials WHERE source_id = %s RETURNING source_id"
SHOW_NONE = "UPDATE sources SET has_credentials = false WHERE id = %s AND has_credentials"
DETAILS = """
SELECT s.id, s.kind, s.config, c.encrypted
FROM sources s LEFT JOIN source_credentials c ON c.source_id = s.id
WHERE s.id = ANY(%s) AND (s.kind <> 'feed' OR c.encrypted IS NOT NULL)
"""


class PostgresCredentials:
    """Implements `CredentialStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def set(self, source_id: UUID, encrypted: str) -> None:
        """Store or replace the credentials of a source."""
        self._connection.execute(SET, (source_id, encrypted))

    def remove(self, source_id: UUID) -> bool:
        """Remove the credentials of a source; return False if it has none."""
        return self._connection.execute(REMOVE, (source_id,)).fetchone() is not None

    def forget(self, source_id: UUID) -> bool:
        """Remove the credentials of a source, and show that it has none; False if it had none."""
        if not self.remove(source_id):
            return False
        self._connection.execute(SHOW_NONE, (source_id,))
        return True

    def details(self, source_ids: Sequence[UUID]) -> dict[UUID, FetchDetails]:
        """Return what sources need beyond an address, without plain feeds that need nothing."""
        rows = self._connection.execute(DETAILS, (list(source_ids),)).fetchall()
        return {row[0]: FetchDetails(row[1], row[2], row[3]) for row in rows}
