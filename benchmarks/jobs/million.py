"""The lease statement with many jobs queued, in a database of its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from groundwork_data.postgres.database import Database
from groundwork_data.postgres.migrations import migrate
from groundwork_data.postgres.quick_leases import PostgresQuickLeases

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "postgres"
# As the trigger places them: a party's jobs a second apart, a hundred parties.
QUEUE = """
INSERT INTO jobs (kind, party, priority, created_at, turn_seconds)
SELECT 'extract', 'source:' || n %% 100, n %% 10, now() - (%s - n) * interval '10 ms', n / 100
FROM generate_series(1, %s) n
"""


def fresh_database(url: str, name: str) -> str:
    """Make an empty database beside another one, and return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def lease_milliseconds(url: str, queued: int, leases: int) -> list[float]:
    """Queue jobs, lease some one by one, and return how long each lease took, sorted."""
    own = fresh_database(url, "bench_million")
    migrate(own, MIGRATIONS)
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("ALTER TABLE jobs DISABLE TRIGGER USER")
        connection.execute(QUEUE, [queued, queued])
        connection.execute("ALTER TABLE jobs ENABLE TRIGGER USER")
        connection.execute("VACUUM ANALYZE jobs")
    database = Database(own, application_name="bench")
    quick = PostgresQuickLeases(database)
    took = []
    try:
        for _ in range(leases):
            began = time.perf_counter()
            (_,) = quick.lease(["extract"], "bench", datetime.now(UTC), 60, 1)
            took.append(1000 * (time.perf_counter() - began))
    finally:
        database.close()
    return sorted(took)
