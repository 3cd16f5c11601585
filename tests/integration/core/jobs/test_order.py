"""The order in which jobs are leased: by priority within 45 minutes, and parties in turn."""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from groundwork_core.jobs.lease_rules import OVERTAKEN_SECONDS
from groundwork_data.postgres import lease_sql, quick_leases

from .conftest import Office

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSERT = "INSERT INTO jobs (kind, party, priority, created_at) VALUES (%s, %s, %s, %s)"


def lease_all(office: Office, most: int = 100) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while items := office.lease(max=most).json["items"]:
        found += items
    return found


def made(job: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(job["created_at"])


def overtaken_too_late(order: list[dict[str, Any]]) -> int:
    """Count the jobs that waited while one made more than 45 minutes later was leased."""
    late = 0
    for place, job in enumerate(order):
        waiting = order[place + 1 :]
        oldest = min(map(made, waiting), default=made(job))
        late += made(job) - oldest > timedelta(seconds=OVERTAKEN_SECONDS)
    return late


@pytest.mark.parametrize("seed", range(3))
def test_no_job_waits_while_one_made_45_minutes_later_goes_first(office: Office, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    for _ in range(150):
        created = START + timedelta(seconds=chance.uniform(0, 3 * 3600))
        office.sql(INSERT, office.kind, chance.choice("ab"), chance.randint(0, 9), created)
    order: list[dict[str, Any]] = []
    for batch in count():
        items = office.lease(max=2 + batch % 3).json["items"]
        order += items
        if not items:
            break
    assert len(order) == 150
    assert overtaken_too_late(order) == 0


def test_a_higher_priority_precedes_only_jobs_within_its_time(office: Office) -> None:
    for name, priority, minutes in (("old", 0, 0), ("in time", 9, 44), ("too late", 9, 46)):
        created = START + timedelta(minutes=minutes)
        office.sql(INSERT, office.kind, name, priority, created)
    order = [office.sql("SELECT party FROM jobs WHERE id = %s", office.leased()["id"])[0][0]
             for _ in range(3)]  # fmt: skip
    assert order == ["in time", "old", "too late"]


def turns_of_a_large_party(office: Office) -> int:
    """One party has 3,000 jobs, whose turns reach over 50 minutes; another one, made later."""
    office.add_rows(3000, "many", made="timestamptz '2026-03-01 12:00Z'")
    office.sql(INSERT, office.kind, "few", 5, START + timedelta(minutes=46))
    order = lease_all(office)
    assert len(order) == 3001
    late = order.index(next(job for job in order if made(job) > START + timedelta(minutes=45)))
    return len(order) - 1 - late


def test_turns_never_put_a_job_back_by_more_than_45_minutes(office: Office) -> None:
    assert turns_of_a_large_party(office) == 0


def test_without_the_check_of_the_oldest_job_turns_delay_it_by_more_than_45_minutes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"{OVERTAKEN_SECONDS} seconds"
    for module, name in ((lease_sql, "LEASE_IN_ORDER"), (quick_leases, "LEASE_AT_ONCE")):
        monkeypatch.setattr(module, name, getattr(module, name).replace(limit, "10 years"))
    assert turns_of_a_large_party(office) > 0


def places_of_few(office: Office) -> list[int]:
    office.add_rows(1000, "source:many", made="timestamptz '2026-03-01 12:00Z'")
    office.add_rows(10, "source:few", made="timestamptz '2026-03-01 12:00:02Z'")
    order = [job["id"] for job in lease_all(office)]
    rows = office.sql(
        "SELECT id::text FROM jobs WHERE kind = %s AND party = 'source:few'", office.kind
    )
    few = {row[0] for row in rows}
    return [place for place, id_ in enumerate(order) if id_ in few]


def test_ten_jobs_are_not_held_up_by_a_thousand_of_another_source(office: Office) -> None:
    places = places_of_few(office)
    assert len(places) == 10
    assert places[-1] < 30


def test_without_turns_ten_jobs_wait_for_a_thousand_of_another_source(office: Office) -> None:
    office.sql("ALTER TABLE jobs DISABLE TRIGGER place_job")
    try:
        assert places_of_few(office)[0] >= 1000
    finally:
        office.sql("ALTER TABLE jobs ENABLE TRIGGER place_job")


def test_the_party_of_a_job_is_its_documents_source_or_the_requester(office: Office) -> None:
    source = office.rest.create("sources", name="A", url="https://f.example.org/x").json["id"]
    (document,) = office.sql(
        "INSERT INTO documents (source_id, external_id, content_hash) VALUES (%s, 'x', %s)"
        " RETURNING id",
        source, "0" * 64,
    )[0]  # fmt: skip
    office.add()
    office.add(document_id=str(document))
    parties = office.sql("SELECT party FROM jobs WHERE kind = %s ORDER BY id", office.kind)
    assert parties[0][0].startswith("user:")
    assert parties[1][0] == f"source:{source}"


def test_waiting_for_counts_the_jobs_ahead(office: Office) -> None:
    office.add_rows(3)
    last = office.add(priority=0)
    assert office.shown(last)["waiting_for"] == {"ahead": 3, "reason": "turn", "until": None}
    office.leased()
    assert office.shown(last)["waiting_for"]["ahead"] == 2


def rows_read(plan: dict[str, Any]) -> float:
    read: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    loops: float = plan["Actual Loops"]
    most: float = max(map(rows_read, plan.get("Plans", [])), default=0)
    return max(read * loops, most)


@pytest.mark.long
@pytest.mark.parametrize("statement", ["LEASE_IN_ORDER", "LEASE_OLDEST"])
def test_a_lease_reads_few_of_a_hundred_thousand_queued_jobs(
    office: Office, statement: str
) -> None:
    for priority in range(10):
        office.add_rows(10_000, f"source:{priority}", priority)
    office.sql("ANALYZE jobs")
    text = getattr(lease_sql, statement)
    until = office.clock.now()
    given = {"kinds": [office.kind], "worker": "w", "until": until, "seconds": 60, "most": 1}
    with psycopg.connect(office.rest.url) as connection:
        row = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", {**given, "window": 1 + lease_sql.WINDOW}
        ).fetchone()
        connection.rollback()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert rows_read(plan) <= 2 * (1 + lease_sql.WINDOW)
    index = {"LEASE_IN_ORDER": "ix_jobs_order", "LEASE_OLDEST": "ix_jobs_waiting_since"}[statement]
    assert index in json.dumps(plan)
    assert "Seq Scan" not in json.dumps(plan)
    office.sql("DELETE FROM jobs WHERE kind = %s", office.kind)
