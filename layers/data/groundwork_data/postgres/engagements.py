"""Engagements in Postgres: insert many at once, and sum them by content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.publishing.ports import EngagementOutcome, EngagementRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

INCOMING = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s) AS x(
        id uuid, distribution_id uuid, kind text, count bigint, occurred_at timestamptz)
)"""
# In the order of ids, so that two transactions with the same rows wait instead of deadlocking. The
# distributions are locked, so that none is deleted between the check and the insert.
KEEP = f"""{INCOMING}, sent AS (
    SELECT id FROM distributions WHERE id IN (SELECT distribution_id FROM incoming)
    ORDER BY id FOR KEY SHARE
)
INSERT INTO engagements (id, distribution_id, kind, count, occurred_at)
SELECT i.id, i.distribution_id, i.kind, i.count, coalesce(i.occurred_at, now())
FROM incoming i JOIN sent s ON s.id = i.distribution_id ORDER BY i.id
ON CONFLICT (id) DO NOTHING RETURNING id
"""  # noqa: S608 - constants from above
# A statement of its own: only a later statement sees rows that another transaction just inserted.
THERE = f"""{INCOMING}
SELECT i.id, EXISTS (SELECT FROM distributions d WHERE d.id = i.distribution_id),
    coalesce((e.distribution_id, e.kind, e.count) = (i.distribution_id, i.kind, i.count)
        AND e.occurred_at = coalesce(i.occurred_at, e.occurred_at), false)
FROM incoming i LEFT JOIN engagements e ON e.id = i.id
"""  # noqa: S608 - as above
SUMS = """
SELECT row_to_json(shown)::text FROM (
    SELECT c.id AS content_id,
        coalesce(json_object_agg(k.kind, k.total) FILTER (WHERE k.kind IS NOT NULL), '{}')
            AS totals,
        min(k.first_at) AS first_at, max(k.last_at) AS last_at
    FROM contents c LEFT JOIN LATERAL (
        SELECT e.kind, sum(e.count) AS total,
            min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at
        FROM distributions d JOIN engagements e ON e.distribution_id = d.id
        WHERE d.content_id = c.id GROUP BY e.kind ORDER BY e.kind
    ) k ON true
    WHERE c.id = %s GROUP BY c.id
) shown
"""


class PostgresEngagements:
    """Implements `EngagementStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert the rows that are new; return for each what became of it."""
        created = {row[0] for row in self._connection.execute(KEEP, [_json(rows)]).fetchall()}
        rest = [row for row in rows if row.id not in created]
        found: dict[UUID, EngagementOutcome] = dict.fromkeys(
            created, EngagementOutcome(created=True, sent=True, same=True)
        )
        if rest:
            there = self._connection.execute(THERE, [_json(rest)]).fetchall()
            found |= {
                id_: EngagementOutcome(created=False, sent=sent, same=same)
                for id_, sent, same in there
            }
        return [found[row.id] for row in rows]


class PostgresEngagementSums:
    """Implements `EngagementSums`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_content(self, content_id: UUID) -> str | None:
        """Return a content's sums by kind as JSON, or None if the content does not exist."""
        rows = self._database.rows(SUMS, [content_id])
        return str(rows[0][0]) if rows else None


def _json(rows: Sequence[EngagementRow]) -> Jsonb:
    return Jsonb(
        [
            {
                "id": str(row.id),
                "distribution_id": str(row.distribution_id),
                "kind": row.kind,
                "count": row.count,
                "occurred_at": row.occurred_at.isoformat() if row.occurred_at else None,
            }
            for row in rows
        ]
    )
