"""With 50,000 sources a claim reads indexes only, and few pages.

How long it takes is printed: 20 ms at most on an idle machine. It decides nothing, since other
programs of the machine slow it down.
"""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from groundwork_data.postgres import claim_sql
from groundwork_data.postgres.sources import PostgresSources

pytestmark = pytest.mark.long

SOURCES = 50_000
CROWD = 10_000
"""Sources of one host, all due for longer than the others."""
BATCH = 100
PAGES_EACH = 100
"""More than a claim reads for each source, however many there are."""
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILL = f"""
WITH made AS (
    INSERT INTO sources (name, url, schedule)
    SELECT 's', 'https://h' || n || '.test/', '{{"kind": "interval", "every_seconds": 900}}'
    FROM generate_series(1, {SOURCES}) n RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS n FROM made)
INSERT INTO source_states (source_id, host, next_poll_at)
SELECT id, CASE WHEN n <= {CROWD} THEN 'crowd.test' ELSE 'h' || n %% 20000 || '.test' END,
    %(now)s + CASE WHEN n <= {CROWD} THEN '-1 day' ELSE (n %% 1800 - 900) * interval '1 s' END
FROM numbered
"""


@pytest.fixture
def filled(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(FILL, {"now": NOW})
        connection.execute("SET session_replication_role = origin")
        connection.execute(
            "INSERT INTO hosts (host, ready_at)"
            " SELECT host, min(due_at) FROM source_states GROUP BY host"
        )
        connection.execute("VACUUM ANALYZE source_states, hosts")
        yield connection


def given(limit: int) -> dict[str, object]:
    return {"now": NOW, "ahead": NOW, "lease": timedelta(seconds=900), "limit": limit}


def test_the_plan_reads_indexes_only(filled: psycopg.Connection[Any]) -> None:
    explained = filled.execute(f"EXPLAIN {claim_sql.CLAIM_DUE}", given(BATCH)).fetchall()
    plan = "\n".join(row[0] for row in explained)
    assert "Seq Scan" not in plan, plan
    assert "ix_hosts_ready_at" in plan
    assert "ix_source_states_host_due_at" in plan


def pages_read(connection: psycopg.Connection[Any]) -> int:
    """Pages that a claim of a batch touches, those of its triggers not included."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {claim_sql.CLAIM_DUE}"
    with connection.transaction(force_rollback=True):
        row = connection.execute(explain, given(BATCH)).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert plan["Actual Rows"] == BATCH
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_a_claim_reads_few_pages_for_each_source(filled: psycopg.Connection[Any]) -> None:
    pages = pages_read(filled)
    print(f"{pages / BATCH:.0f} pages for each source")
    assert pages < PAGES_EACH * BATCH


def test_without_the_index_a_claim_reads_more_pages(filled: psycopg.Connection[Any]) -> None:
    with filled.transaction(force_rollback=True):
        filled.execute("DROP INDEX ix_source_states_host_due_at")
        assert pages_read(filled) > PAGES_EACH * BATCH


def test_claims_take_each_source_once_and_one_source_of_the_largest_host(
    filled: psycopg.Connection[Any],
) -> None:
    store = PostgresSources(filled)
    took, hosts = [], set()
    for _ in range(30):
        started = time.perf_counter()
        commands = store.claim_due(NOW, NOW + timedelta(seconds=900), BATCH)
        took.append((time.perf_counter() - started) * 1_000)
        assert len(commands) == BATCH
        hosts |= {command.source_id for command in commands}
    assert len(hosts) == 30 * BATCH
    crowd = "SELECT count(*) FROM source_states WHERE host = 'crowd.test' AND ticket IS NOT NULL"
    assert filled.execute(crowd).fetchone() == (1,)
    print(f"median {statistics.median(took):.1f} ms, fastest {min(took):.1f} ms")
