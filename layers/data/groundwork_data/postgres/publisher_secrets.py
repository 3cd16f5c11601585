"""The secrets of publishers in Postgres, encrypted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.publishing.rows import EncryptedPublisherSecrets, PlainPublisherSecrets

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

ENABLED = """
SELECT p.id, p.version, s.encrypted, s.previous, s.previous_until
FROM publishers p LEFT JOIN publisher_secrets s ON s.publisher_id = p.id
WHERE p.enabled AND (s.publisher_id IS NOT NULL OR p.secret IS NOT NULL) ORDER BY p.id
"""
# Any update raises the version.
LOCK = "UPDATE publishers SET name = name WHERE id = %s RETURNING id"
PRESENT = "SELECT encrypted FROM publisher_secrets WHERE publisher_id = %s"
REPLACE = """
INSERT INTO publisher_secrets (publisher_id, encrypted, previous, previous_until)
VALUES (%s, %s, %s, %s)
ON CONFLICT (publisher_id) DO UPDATE SET encrypted = excluded.encrypted,
    previous = excluded.previous, previous_until = excluded.previous_until
"""
TAKE_PLAIN = """
WITH plain AS MATERIALIZED (
    SELECT id, secret, previous_secret, previous_until FROM publishers
    WHERE secret IS NOT NULL AND (%(only)s::uuid IS NULL OR id = %(only)s)
    ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
), taken AS (
    UPDATE publishers p SET secret = NULL, previous_secret = NULL, previous_until = NULL
    FROM plain WHERE p.id = plain.id
)
SELECT id, secret, previous_secret, previous_until FROM plain
"""


class PostgresPublisherSecretsReader:
    """Implements `PublisherSecretsReader`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enabled(self) -> list[EncryptedPublisherSecrets]:
        """Return every enabled publisher with its secrets."""
        return [EncryptedPublisherSecrets(*row) for row in self._database.rows(ENABLED, [])]


class PostgresPublisherSecrets:
    """Implements `PublisherSecretStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def lock(self, publisher_id: UUID) -> bool:
        """Lock a publisher and raise its version; return False if it does not exist."""
        return self._connection.execute(LOCK, [publisher_id]).fetchone() is not None

    def present(self, publisher_id: UUID) -> str | None:
        """Return the current secret, encrypted, or None if there is none."""
        row = self._connection.execute(PRESENT, [publisher_id]).fetchone()
        return str(row[0]) if row else None

    def replace(
        self,
        publisher_id: UUID,
        encrypted: str,
        previous: str | None,
        previous_until: datetime | None,
    ) -> None:
        """Replace the encrypted secrets of a publisher.

        `previous` is valid until `previous_until`; None removes it.
        """
        self._connection.execute(REPLACE, [publisher_id, encrypted, previous, previous_until])

    def take_plain(self, limit: int, only: UUID | None) -> list[PlainPublisherSecrets]:
        """Remove secrets that are stored as plain text and return them."""
        rows = self._connection.execute(TAKE_PLAIN, {"limit": limit, "only": only}).fetchall()
        return [PlainPublisherSecrets(*row) for row in rows]
