"""Triggers look rows up by index, whatever the size of a table when their plans were made."""

import re

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

FEW, MANY = 10, 300
ADD = "INSERT INTO jobs (kind, party) SELECT 'k', 'p' FROM generate_series(1, %s)"
READ = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'jobs'"
RESET = "ALTER FUNCTION groundwork_place_job() RESET enable_seqscan"
SMALL = {
    "api_keys",
    "embedding_models",
    "engagement_retention",
    "epochs",
    "outbox_cursors",
    "roles",
    "users",
}
"""Tables of few rows, or of accounts, which are read on changes of accounts only."""
TRIGGERS = """
SELECT proname, prosrc, coalesce(proconfig, '{}') FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""


def jobs_read_whole(connection: Connection[TupleRow], *before: str) -> int:
    """Return how many rows full scans of `jobs` read while many jobs are added to few."""
    for statement in before:
        connection.execute(statement)
    connection.execute("VACUUM (ANALYZE) jobs")
    connection.execute(ADD, [1])
    with connection.transaction():
        connection.execute(ADD, [FEW])  # the plan is kept from the sixth row
        ((already,),) = connection.execute(READ)
        connection.execute(ADD, [MANY])
        ((read,),) = connection.execute(READ)
    return int(read - already)


def test_adding_many_jobs_reads_none_of_the_others_by_a_full_scan(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert jobs_read_whole(connection) == 0


def test_a_plan_made_for_few_jobs_without_the_setting_reads_all_for_each(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert jobs_read_whole(connection, RESET) > MANY * MANY / 2


def test_every_trigger_that_reads_a_growing_table_uses_indexes(module_database_url: str) -> None:
    with psycopg.connect(module_database_url) as connection:
        growing = {name for (name,) in connection.execute(TABLES)} - SMALL
        readers = {
            name: settings
            for name, text, settings in connection.execute(TRIGGERS)
            if growing & set(re.findall(r"(?:FROM|JOIN|UPDATE|USING)\s+(\w+)", text))
        }
    assert "groundwork_place_job" in readers
    assert {name for name, found in readers.items() if "enable_seqscan=off" not in found} == set()
