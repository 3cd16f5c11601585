"""Callbacks of publishers in Postgres, and the deliveries that they report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.publishing.delivery_updates import DeliveryState

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

CLAIM = """
WITH signer AS (
    SELECT id FROM publishers WHERE id = %s AND version = %s AND enabled
), claimed AS (
    INSERT INTO publisher_callbacks (publisher_id, webhook_id, taken_at)
    SELECT id, %s, %s FROM signer ON CONFLICT DO NOTHING RETURNING true
)
SELECT EXISTS (SELECT FROM signer), EXISTS (SELECT FROM claimed)
"""
# A delivery that is not there yet has no row to lock.
SHARE = """
WITH there AS MATERIALIZED (
    SELECT id FROM distributions WHERE id = ANY(%s) ORDER BY id FOR SHARE)
SELECT ARRAY(SELECT id FROM there), (
    SELECT count(pg_advisory_xact_lock(s.key)) FROM (
        SELECT DISTINCT hashtextextended(named, 0) AS key FROM unnest(%s::text[]) AS named
        ORDER BY key) s)
"""
FINISHED = """
SELECT d.id FROM distributions d
WHERE d.status = 'sending' {among}
    AND EXISTS (SELECT FROM deliveries e WHERE e.distribution_id = d.id)
    AND NOT EXISTS (SELECT FROM deliveries e
        WHERE e.distribution_id = d.id AND e.status IN ('pending', 'sent'))
{limit}
"""
LOCK = "SELECT id FROM distributions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
FIELDS = (
    "distribution_id", "recipient", "status", "attempt", "error", "external_id", "state_at",
    "sent_at", "delivered_at",
)  # fmt: skip
COLUMNS = ", ".join(f"d.{name}" for name in FIELDS)
# Two conditions; each has an index of its own, which OFFSET 0 keeps in use: in a table that grew
# since it was last analyzed, a prepared plan would read all deliveries for each callback.
KNOWN = f"""
WITH stated AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS s(of, recipient, external_id)
)
SELECT {COLUMNS} FROM stated s CROSS JOIN LATERAL (SELECT * FROM deliveries
    WHERE recipient = s.recipient AND distribution_id = s.of OFFSET 0) d
UNION
SELECT {COLUMNS} FROM stated s CROSS JOIN LATERAL (SELECT * FROM deliveries
    WHERE external_id = s.external_id AND distribution_id = s.of OFFSET 0) d
"""  # noqa: S608 - its parts are constants
STORE = """
INSERT INTO deliveries (distribution_id, recipient, status, attempt, error, external_id, state_at,
    sent_at, delivered_at)
SELECT * FROM jsonb_to_recordset(%s) AS x(distribution_id uuid, recipient text, status text,
    attempt bigint, error jsonb, external_id text, state_at timestamptz, sent_at timestamptz,
    delivered_at timestamptz)
ORDER BY distribution_id, recipient
ON CONFLICT (recipient, distribution_id) DO UPDATE SET status = excluded.status,
    attempt = excluded.attempt, error = excluded.error, external_id = excluded.external_id,
    state_at = excluded.state_at, sent_at = excluded.sent_at,
    delivered_at = excluded.delivered_at
"""
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
        """Return up to `limit` of all of them."""
        statement = FINISHED.format(among="", limit="LIMIT %s")
        return {row[0] for row in self._database.rows(statement, [limit])}


class PostgresCallbacks:
    """Implements `CallbackStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def claim(
        self, publisher_id: UUID, version: int, webhook_id: str, now: datetime
    ) -> Literal["claimed", "repeated", "changed"]:
        """Record a callback as accepted, if the publisher is enabled and has this version."""
        given = [publisher_id, version, webhook_id, now]
        row = self._connection.execute(CLAIM, given).fetchone()
        unchanged, claimed = row or (False, False)
        if not unchanged:
            return "changed"
        return "claimed" if claimed else "repeated"

    def share_distributions(self, updates: Sequence[tuple[UUID, str, str | None]]) -> set[UUID]:
        """Lock deliveries by recipient and external id; return which distributions exist."""
        named = [f"{of}/recipient/{recipient}" for of, recipient, _ in updates]
        named += [f"{of}/external/{external}" for of, _, external in updates if external]
        ids = list({of for of, *_ in updates})
        row = self._connection.execute(SHARE, [ids, named]).fetchone()
        return set(row[0]) if row else set()

    def lock_distributions(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock distributions in the order of their ids; return those that exist."""
        return {row[0] for row in self._connection.execute(LOCK, [list(ids)]).fetchall()}

    def known(self, updates: Sequence[tuple[UUID, str, str | None]]) -> list[DeliveryState]:
        """Return the deliveries with one of these recipients or external ids."""
        columns = [list(column) for column in zip(*updates, strict=True)] or [[], [], []]
        rows = self._connection.execute(KNOWN, columns).fetchall()
        return [DeliveryState(*row) for row in rows]

    def store(self, states: Sequence[DeliveryState]) -> None:
        """Insert or update deliveries by distribution and recipient."""
        if states:
            self._connection.execute(STORE, [Jsonb([_json(one) for one in states])])

    def end_distributions(self, ids: Collection[UUID]) -> None:
        """Set those to `sent` that are `sending` and whose deliveries have all ended."""
        if ids:
            self._connection.execute(END, [list(ids)])


def _json(state: DeliveryState) -> dict[str, object]:
    def moment(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "distribution_id": str(state.distribution_id),
        "recipient": state.recipient,
        "status": state.status,
        "attempt": state.attempt,
        "error": state.error,
        "external_id": state.external_id,
        "state_at": moment(state.state_at),
        "sent_at": moment(state.sent_at),
        "delivered_at": moment(state.delivered_at),
    }
