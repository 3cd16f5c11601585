"""Distributions whose deliveries change, or have all ended."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.typed_connection import Executes

FINISHED = """
SELECT d.id FROM distributions d
WHERE d.status = 'sending' {among}
    AND EXISTS (SELECT FROM deliveries e WHERE e.distribution_id = d.id)
    AND NOT EXISTS (SELECT FROM deliveries e
        WHERE e.distribution_id = d.id AND e.status IN ('pending', 'sent'))
{limit}
"""
LOCK = "SELECT id FROM distributions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# A lease stays until its worker ends it, or it expires.
END = """
WITH ended AS (
    UPDATE distributions d SET status = 'sent'
    WHERE d.id = ANY(%s) AND d.status = 'sending'
        AND EXISTS (SELECT FROM deliveries e WHERE e.distribution_id = d.id)
        AND NOT EXISTS (SELECT FROM deliveries e
            WHERE e.distribution_id = d.id AND e.status IN ('pending', 'sent'))
    RETURNING d.id
)
DELETE FROM distribution_handovers h USING ended
WHERE h.distribution_id = ended.id AND h.lease_token IS NULL
"""


class PostgresFinishedDistributions:
    """Implements `FinishedDistributions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def among(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those that are `sending` and whose deliveries have all ended."""
        statement = FINISHED.format(among="AND d.id = ANY(%s)", limit="")
        return {row[0] for row in self._database.rows(statement, [list(ids)])}

    def all(self, limit: int) -> set[UUID]:
        """Return up to `limit` of all distributions that can be ended."""
        statement = FINISHED.format(among="", limit="LIMIT %s")
        return {row[0] for row in self._database.rows(statement, [limit])}


class PostgresCallbacks:
    """Implements `CallbackStore`, inside a transaction."""

    def __init__(self, connection: Executes) -> None:
        self._connection = connection

    def lock_distributions(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock distributions in the order of their ids; return those that exist."""
        return {row[0] for row in self._connection.execute(LOCK, [list(ids)]).fetchall()}

    def end_distributions(self, ids: Collection[UUID]) -> None:
        """Set the `sending` distributions among these to `sent` whose deliveries have all ended."""
        if ids:
            self._connection.execute(END, [list(ids)])
