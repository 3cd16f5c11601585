"""The state of ingestion as a whole, from Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.push.rules import DISTRUST
from groundwork_core.sources.ingestion import (
    OBJECTIVES,
    FreshSources,
    Ingestion,
    SlowHost,
    SourceCounts,
    eta_seconds,
)
from groundwork_data.postgres.special_sql import FRESHNESS_SECONDS

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

OBJECTIVE = FRESHNESS_SECONDS.replace("t.", "s.")
BY_STATUS = "SELECT status, count(*) FROM source_states GROUP BY status"
WITHIN = ", ".join(
    f"count(*) FILTER (WHERE t.enabled AND t.age <= {bound})" for bound in OBJECTIVES
)
COUNTS = f"""
SELECT count(*), count(*) FILTER (WHERE t.enabled),
    count(*) FILTER (WHERE t.enabled AND t.next_poll_at <= %(now)s
        AND (t.claimed_until IS NULL OR t.fetch_at <= %(now)s)),
    extract(epoch FROM %(now)s - min(t.next_poll_at) FILTER (WHERE t.enabled))::bigint,
    ARRAY[{WITHIN}, count(*) FILTER (WHERE t.enabled AND t.age IS NOT NULL)]
FROM (SELECT t.*, extract(epoch FROM %(now)s - t.last_success_at) / ({OBJECTIVE}) AS age
    FROM source_states t JOIN sources s ON s.id = t.source_id) t
"""  # noqa: S608 - parts of our own
RATES = """
SELECT (SELECT count(*) FROM polls WHERE at > %(now)s - interval '1 day'),
    (SELECT count(*) FROM polls WHERE at > %(since)s),
    (SELECT count(*) FROM documents WHERE created_at > %(now)s - interval '1 day'),
    (SELECT count(*) FROM hosts WHERE circuit_opened_at < %(now)s - interval '1 day')
"""
# A hub that a feed has distrusted for less than a day, and that pushed nothing for any feed.
SILENT_HUBS = """
SELECT count(*) FROM (
    SELECT FROM push_subscriptions GROUP BY hub
    HAVING count(*) FILTER (WHERE status = 'distrusted'
            AND next_try_at > %(now)s + %(distrust)s - interval '1 day') > 0
        AND coalesce(max(pushed_at), '-infinity') < %(now)s - interval '1 day') silent
"""
UNMARKED = """
SELECT extract(epoch FROM %(now)s - min(d.updated_at))::bigint
FROM (SELECT document_id FROM document_marks WHERE cluster_id IS NULL
    ORDER BY document_id LIMIT 1000) w JOIN documents d ON d.id = w.document_id
"""
SLOWEST = """
SELECT host, mean_ms FROM hosts WHERE mean_ms IS NOT NULL ORDER BY mean_ms DESC LIMIT %(most)s
"""


def ingestion(
    connection: Connection[TupleRow], now: datetime, since: datetime, most: int
) -> Ingestion:
    """Return the state of ingestion at `now`; the rate is that of the polls since `since`."""
    given = {"now": now, "since": since, "most": most, "distrust": DISTRUST}
    by_status = {row[0]: row[1] for row in connection.execute(BY_STATUS)}
    counts = connection.execute(COUNTS, given).fetchone() or (
        0,
        0,
        0,
        None,
        [0] * (len(OBJECTIVES) + 1),
    )
    total, enabled, due, oldest, within = counts
    rates = connection.execute(RATES, given).fetchone() or (0, 0, 0, 0)
    polls, recent, documents, open_hosts = rates
    (silent_hubs,) = connection.execute(SILENT_HUBS, given).fetchone() or (0,)
    (unmarked,) = connection.execute(UNMARKED, given).fetchone() or (None,)
    slow = connection.execute(SLOWEST, given)
    return Ingestion(
        sources=SourceCounts(total=total, enabled=enabled, by_status=by_status),
        due=due,
        oldest_due_seconds=max(0, oldest or 0) if due else 0,
        backlog_eta_seconds=eta_seconds(due, recent),
        polls_24h=polls,
        documents_24h=documents,
        fresh_share=round(within[OBJECTIVES.index(1.0)] / within[-1], 4) if within[-1] else None,
        freshness=[
            FreshSources(within=bound, sources=count)
            for bound, count in zip((*OBJECTIVES, None), within, strict=True)
        ],
        hosts_open_for_a_day=open_hosts,
        silent_hubs=silent_hubs,
        oldest_unmarked_seconds=max(0, unmarked or 0),
        slowest_hosts=[SlowHost(host=host, mean_ms=mean) for host, mean in slow],
    )
