"""Engagements in Postgres: insert many at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.publishing.automated import AT_ONCE_SECONDS, Click, Known, Reason, Span
from groundwork_core.publishing.rows import EngagementMonths, EngagementOutcome, EngagementRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

INCOMING = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s) AS x(
        id uuid, distribution_id uuid, kind text, count bigint, occurred_at timestamptz,
        event_id text, agent text, automated boolean, automated_reason text, recipient text,
        link text)
)"""
# An id is unique in its month; `engagement_ids` makes it unique in all months.
# In the order of ids, so that two transactions with the same rows wait instead of deadlocking. The
# distributions are locked, so that none is deleted between the check and the insert.
KEEP = f"""{INCOMING}, sent AS (
    SELECT id FROM distributions WHERE id IN (SELECT distribution_id FROM incoming)
    ORDER BY id FOR KEY SHARE
), new_ids AS (
    INSERT INTO engagement_ids (id, occurred_at)
    SELECT i.id, coalesce(i.occurred_at, now())
    FROM incoming i JOIN sent s ON s.id = i.distribution_id
    WHERE coalesce(i.occurred_at, now()) >= (SELECT kept_from FROM engagement_retention)
    ORDER BY i.id ON CONFLICT (id) DO NOTHING RETURNING id, occurred_at
)
INSERT INTO raw_engagements
    (id, distribution_id, kind, count, occurred_at, event_id, agent, automated, automated_reason,
    recipient, link)
SELECT i.id, i.distribution_id, i.kind, i.count, n.occurred_at,
    i.event_id, i.agent, i.automated, i.automated_reason, i.recipient, i.link
FROM incoming i JOIN new_ids n ON n.id = i.id ORDER BY i.id
ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608 - constants from above
# A statement of its own: only a later statement sees rows that another transaction just inserted.
THERE = f"""{INCOMING}
SELECT i.id, EXISTS (SELECT FROM distributions d WHERE d.id = i.distribution_id),
    coalesce((e.distribution_id, e.kind, e.count) = (i.distribution_id, i.kind, i.count)
        AND e.occurred_at = coalesce(i.occurred_at, e.occurred_at), false),
    CASE WHEN i.occurred_at < r.kept_from THEN r.kept_from END
FROM engagement_retention r CROSS JOIN incoming i LEFT JOIN raw_engagements e ON e.id = i.id
"""  # noqa: S608 - as above
# When a recipient got the distribution, and which of its links they clicked around that time.
KNOWN = """
SELECT w.place, d.delivered_at, ARRAY(
    SELECT json_build_object('id', e.id, 'at', e.occurred_at, 'link', e.link)::text
    FROM raw_engagements e
    WHERE e.link IS NOT NULL AND e.recipient = w.recipient AND e.distribution_id = w.of
        AND e.occurred_at > w.first - %(window)s * interval '1 second'
        AND e.occurred_at < w.last + %(window)s * interval '1 second'
    LIMIT 1000)
FROM unnest(%(places)s::int[], %(distributions)s::uuid[], %(recipients)s::text[],
    %(firsts)s::timestamptz[], %(lasts)s::timestamptz[]) AS w(place, of, recipient, first, last)
LEFT JOIN deliveries d ON d.recipient = w.recipient AND d.distribution_id = w.of
"""
MARK = """
UPDATE raw_engagements SET automated = true, automated_reason = %s
WHERE id = ANY(%s) AND NOT automated
"""
RECOUNT = "SELECT groundwork_recount_engagements(%s)"
KEEP_MONTHS = "SELECT made, dropped, removed FROM groundwork_keep_engagements(%s, %s, %s)"


class PostgresEngagements:
    """Implements `EngagementStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert the rows that are new; return the outcome of each row."""
        created = {row[0] for row in self._connection.execute(KEEP, [_json(rows)]).fetchall()}
        rest = [row for row in rows if row.id not in created]
        found: dict[UUID, EngagementOutcome] = dict.fromkeys(
            created, EngagementOutcome(created=True, sent=True, same=True)
        )
        if rest:
            there = self._connection.execute(THERE, [_json(rest)]).fetchall()
            found |= {
                id_: EngagementOutcome(created=False, sent=sent, same=same, kept_from=kept_from)
                for id_, sent, same, kept_from in there
            }
        return [found[row.id] for row in rows]

    def known(self, spans: Sequence[Span]) -> list[Known]:
        """Return the delivery time and the stored clicks of each span, in the order of `spans`."""
        given = {
            "places": list(range(len(spans))),
            "distributions": [one.distribution_id for one in spans],
            "recipients": [one.recipient for one in spans],
            "firsts": [one.first_at for one in spans],
            "lasts": [one.last_at for one in spans],
            "window": AT_ONCE_SECONDS,
        }
        found = [Known(None, ())] * len(spans)
        for place, delivered_at, clicks in self._connection.execute(KNOWN, given).fetchall():
            found[place] = Known(
                delivered_at, tuple(Click.model_validate_json(one) for one in clicks)
            )
        return found

    def mark(self, ids: Collection[UUID], reason: Reason) -> None:
        """Mark engagements as automated, unless they are marked already."""
        self._connection.execute(MARK, [reason, list(ids)])

    def recount(self, since: datetime) -> None:
        """Recompute the sums of a day and all later ones, of months that are kept."""
        self._connection.execute(RECOUNT, [since])

    def keep_months(self, today: date, months: int, limit: int) -> EngagementMonths:
        """Make the partitions of the next months, and remove what occurred before the kept ones."""
        row = self._connection.execute(KEEP_MONTHS, [today, months, limit]).fetchone()
        return EngagementMonths(*row) if row else EngagementMonths(0, 0, 0)


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
                "automated": row.automated_reason is not None,
                "automated_reason": row.automated_reason,
                "recipient": row.recipient,
                "link": row.link,
            }
            for row in rows
        ]
    )
