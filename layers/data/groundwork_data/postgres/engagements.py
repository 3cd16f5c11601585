"""Engagements in Postgres: insert many at once, and sum them by content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.publishing.engagements import EngagementQuery
from groundwork_core.publishing.ports import EngagementOutcome, EngagementRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

INCOMING = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s) AS x(
        id uuid, distribution_id uuid, kind text, count bigint, occurred_at timestamptz,
        event_id text, agent text, automated boolean)
)"""
# In the order of ids, so that two transactions with the same rows wait instead of deadlocking. The
# distributions are locked, so that none is deleted between the check and the insert.
KEEP = f"""{INCOMING}, sent AS (
    SELECT id FROM distributions WHERE id IN (SELECT distribution_id FROM incoming)
    ORDER BY id FOR KEY SHARE
)
INSERT INTO engagements
    (id, distribution_id, kind, count, occurred_at, event_id, agent, automated)
SELECT i.id, i.distribution_id, i.kind, i.count, coalesce(i.occurred_at, now()),
    i.event_id, i.agent, i.automated
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
SERIES_MAX = 10_000
SUMS = f"""
WITH counted AS (
    SELECT e.kind, e.occurred_at, e.count, e.automated
    FROM distributions d JOIN engagements e ON e.distribution_id = d.id
    WHERE d.content_id = %(content)s
        AND (%(start)s::timestamptz IS NULL OR e.occurred_at >= %(start)s)
        AND (%(end)s::timestamptz IS NULL OR e.occurred_at < %(end)s)
), totals AS (
    SELECT kind, sum(count) AS "all", coalesce(sum(count) FILTER (WHERE NOT automated), 0) AS human
    FROM counted GROUP BY kind
), buckets AS (
    SELECT date_trunc(%(bucket)s, occurred_at, 'UTC') AS at, kind, sum(count) AS "all",
        coalesce(sum(count) FILTER (WHERE NOT automated), 0) AS human
    FROM counted WHERE %(bucket)s::text IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1 DESC, 2 LIMIT {SERIES_MAX + 1}
), series AS (SELECT * FROM buckets ORDER BY at DESC, kind LIMIT {SERIES_MAX})
SELECT row_to_json(shown)::text FROM (
    SELECT c.id AS content_id,
        (SELECT coalesce(json_object_agg(t.kind,
            json_build_object('all', t."all", 'human', t.human) ORDER BY t.kind), '{{}}')
            FROM totals t) AS totals,
        (SELECT min(occurred_at) FROM counted) AS first_at,
        (SELECT max(occurred_at) FROM counted) AS last_at,
        (SELECT coalesce(json_agg(s ORDER BY s.at, s.kind), '[]') FROM series s) AS series,
        (SELECT count(*) > {SERIES_MAX} FROM buckets) AS series_truncated
    FROM contents c WHERE c.id = %(content)s
) shown
"""  # noqa: S608 - its parts are constants


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

    def of_content(self, content_id: UUID, query: EngagementQuery) -> str | None:
        """Return a content's sums by kind as JSON, or None if the content does not exist."""
        given: dict[str, object] = {
            "content": content_id,
            "start": query.start,
            "end": query.end,
            "bucket": query.bucket,
        }
        rows = self._database.rows(SUMS, given)
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
                "event_id": row.event_id,
                "agent": row.agent,
                "automated": row.automated,
            }
            for row in rows
        ]
    )
