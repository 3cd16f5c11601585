"""Sessions of a test's database that wait for a lock."""

import psycopg

from .waiting import eventually

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
"""Other tests use the same server, but databases of their own."""


def lock_waits(database_url: str) -> int:
    """Return how many sessions wait for a lock."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(WAITING).fetchone()
    assert row is not None
    return int(row[0])


def until_one_waits(database_url: str) -> None:
    """Return once a session waits for a lock."""
    assert eventually(lambda: lock_waits(database_url) > 0)
