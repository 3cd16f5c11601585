"""Plans of leases and reports: right for many jobs, even if made while there was one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from groundwork_data.postgres import lease_sql, quick_leases
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.quick_leases import PostgresQuickLeases

KIND = "grown"
ADD = "INSERT INTO jobs (kind) SELECT 'grown' FROM generate_series(1, %s)"
READ = re.compile(r"->  ([\w ]+ Scan)(?: using (\w+))? on jobs")
FEW = {("Index Scan", "ix_jobs_order"), ("Index Scan", "ix_jobs_waiting_since"), ("Tid Scan", "")}
WAITING_FOR = ("Index Only Scan", "ix_jobs_order")


def explained(url: str, settings: str, statement: str, jobs: int = 1) -> str:
    """Return the generic plan of a statement, made while there are so many jobs."""
    with psycopg.connect(url) as connection, connection.transaction(force_rollback=True):
        connection.execute(ADD, [jobs])
        connection.execute("ANALYZE jobs")
        for one in filter(None, settings.split("; ")):
            connection.execute(one.encode())
        lines = connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}".encode()).fetchall()
    return "\n".join(line for (line,) in lines)


def reads(url: str, settings: str) -> set[tuple[str, str]]:
    """Return how the generic plan of the lease reads jobs, made while there is one job."""
    return set(READ.findall(explained(url, settings, quick_leases.LEASE_AT_ONCE)))


def test_a_plan_made_for_one_job_reads_in_order_and_by_place(module_database_url: str) -> None:
    assert reads(module_database_url, lease_sql.KEPT_PLAN.decode()) - {WAITING_FOR} == FEW


def test_without_the_settings_such_a_plan_reads_the_whole_table(module_database_url: str) -> None:
    assert ("Seq Scan", "") in reads(module_database_url, "")


BY_ID = re.compile(r"->  Index Scan using pk_jobs on jobs \w+ .*\n +Index Cond: \(id = \w+\.id\)")


def test_several_reports_look_each_job_up_by_its_id(module_database_url: str) -> None:
    plan = explained(module_database_url, "", quick_leases.REPORT_MANY, 20_000)
    assert len(BY_ID.findall(plan)) == len(READ.findall(plan)) == 2


def test_a_kept_plan_of_several_reports_would_read_all_jobs(module_database_url: str) -> None:
    settings = lease_sql.KEPT_PLAN.decode()
    plan = explained(module_database_url, settings, quick_leases.REPORT_MANY, 1)
    assert len(BY_ID.findall(plan)) < len(READ.findall(plan)) == 2


def leased(database: Database) -> list[str]:
    quick = PostgresQuickLeases(database)
    return quick.lease([KIND], "w", datetime.now(UTC) + timedelta(seconds=1), 60, 1)


def plans(database: Database) -> list[tuple[Any, ...]]:
    """Return how often the lease was run by its kept plan, and by plans for its values."""
    return database.rows(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
        " WHERE statement LIKE '%oldest AS MATERIALIZED%'"
    )


def test_every_lease_is_run_by_the_kept_plan(database_url: str) -> None:
    database = Database(database_url, application_name="test")
    database.rows(ADD, [7])
    assert [len(leased(database)) for _ in range(8)] == [1] * 7 + [0]
    assert plans(database) == [(8, 0)]
    assert database.rows("SHOW plan_cache_mode") == [("auto",)]
    assert database.rows("SHOW enable_seqscan") == [("on",)]
    database.close()


def test_a_lease_is_prepared_again_when_the_server_has_lost_it(database_url: str) -> None:
    database = Database(database_url, application_name="test")
    database.rows(ADD, [2])
    assert leased(database)
    database.rows("DEALLOCATE ALL")
    assert leased(database)
    database.close()


def test_without_prepared_statements_a_lease_is_planned_at_each_run(database_url: str) -> None:
    database = Database(database_url, application_name="test", prepare_threshold=None)
    database.rows(ADD, [1])
    assert leased(database)
    assert plans(database) == []
    database.close()


def node_types(plan: dict[str, Any]) -> set[str]:
    return {plan["Node Type"]}.union(*map(node_types, plan.get("Plans", [])))


def rows_read(plan: dict[str, Any]) -> float:
    read: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    loops: float = plan["Actual Loops"]
    most: float = max(map(rows_read, plan.get("Plans", [])), default=0)
    return max(read * loops, most)


@pytest.mark.long
def test_a_plan_made_for_one_job_reads_few_of_a_hundred_thousand(database_url: str) -> None:
    window = 1 + lease_sql.FIRST_WINDOW
    settings = lease_sql.KEPT_PLAN.decode()
    until = "2026-03-01 12:00Z"
    lease = f"EXECUTE lease('{{}}', '{{{KIND}}}', {window}, 1, 'w', '{until}', 60)"
    with psycopg.connect(database_url, autocommit=True) as connection:
        # New statistics would make a new plan; places of jobs do not matter here.
        connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
        connection.execute("ALTER TABLE jobs DISABLE TRIGGER place_job")
        connection.execute(ADD, [1])
        connection.execute("ANALYZE jobs")
        connection.execute(f"PREPARE lease AS {quick_leases.LEASE_AT_ONCE}".encode())
        connection.execute(f"{settings}; {lease}".encode())
        connection.execute(ADD, [100_000])
        cursor = connection.execute(f"{settings}; EXPLAIN (ANALYZE, FORMAT JSON) {lease}".encode())
        while cursor.nextset():
            pass
        ((found,),) = cursor.fetchall()
    plan = found[0]["Plan"]
    assert rows_read(plan) <= 2 * window
    assert not {"Seq Scan", "Hash Join", "Merge Join"} & node_types(plan)
