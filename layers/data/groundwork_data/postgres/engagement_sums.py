"""Sums of engagements in Postgres, computed from the hourly and daily sums that triggers keep."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.publishing.engagements import EngagementQuery
from groundwork_core.publishing.sum_ranges import ranges_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

SERIES_MAX = 10_000
_SUMMED = """
    SELECT s.at, s.kind, s.total, s.human, s.first_at, s.last_at
    FROM sent d JOIN engagement_sums s ON s.distribution_id = d.id AND s.bucket = '{bucket}'
    JOIN unnest(%({bucket}_starts)s::timestamptz[], %({bucket}_ends)s::timestamptz[])
        AS r(start, "end") ON s.at >= r.start AND s.at < r."end"
"""
# Hours that are requested only in part are read from the engagements.
SUMS = f"""
WITH sent AS (SELECT id FROM distributions WHERE content_id = %(content)s),
counted AS (
    {_SUMMED.format(bucket="day")} UNION ALL {_SUMMED.format(bucket="hour")} UNION ALL
    SELECT e.occurred_at, e.kind, e.count, CASE WHEN e.automated THEN 0 ELSE e.count END,
        e.occurred_at, e.occurred_at
    FROM sent d JOIN raw_engagements e ON e.distribution_id = d.id
    JOIN unnest(%(part_starts)s::timestamptz[], %(part_ends)s::timestamptz[])
        AS r(start, "end") ON e.occurred_at >= r.start AND e.occurred_at < r."end"
), totals AS (
    SELECT kind, sum(total) AS "all", sum(human) AS human FROM counted GROUP BY kind
), buckets AS (
    SELECT date_trunc(%(bucket)s, at, 'UTC') AS at, kind, sum(total) AS "all", sum(human) AS human
    FROM counted WHERE %(bucket)s::text IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1 DESC, 2 LIMIT {SERIES_MAX + 1}
), series AS (SELECT * FROM buckets ORDER BY at DESC, kind LIMIT {SERIES_MAX})
SELECT row_to_json(shown)::text FROM (
    SELECT c.id AS content_id,
        (SELECT coalesce(json_object_agg(t.kind,
            json_build_object('all', t."all", 'human', t.human) ORDER BY t.kind), '{{}}')
            FROM totals t) AS totals,
        (SELECT min(first_at) FROM counted) AS first_at,
        (SELECT max(last_at) FROM counted) AS last_at,
        (SELECT coalesce(json_agg(s ORDER BY s.at, s.kind), '[]') FROM series s) AS series,
        (SELECT count(*) > {SERIES_MAX} FROM buckets) AS series_truncated
    FROM contents c WHERE c.id = %(content)s
) shown
"""  # noqa: S608 - its parts are constants


class PostgresEngagementSums:
    """Implements `EngagementSums`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_content(self, content_id: UUID, query: EngagementQuery) -> str | None:
        """Return a content's sums by kind as JSON, or None if the content does not exist."""
        given: dict[str, object] = {"content": content_id, "bucket": query.bucket}
        for name, ranges in ranges_of(query).items():
            given[f"{name}_starts"] = [start for start, _ in ranges]
            given[f"{name}_ends"] = [end for _, end in ranges]
        rows = self._database.rows(SUMS, given)
        return str(rows[0][0]) if rows else None
