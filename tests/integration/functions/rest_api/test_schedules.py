"""Schedules over REST, and the tick that runs them."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from groundwork_core.schedules.run_schedules import Ran, run_due
from groundwork_data.cron import next_cron
from groundwork_data.postgres import schedules
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import MINT, Reply, Rest

HOURLY = {"kind": "interval", "every_seconds": 3_600}
JOB = {"job": {"kind": "summarize", "payload": {"a": 1}, "priority": 7}}
NEW: dict[str, Any] = {"name": "Hourly", "schedule": HOURLY, "action": JOB}


class Later:
    """A clock some time after now."""

    def __init__(self, **by: float) -> None:
        self.by = timedelta(**by)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


def tick(rest: Rest, **by: float) -> Ran:
    return run_due(work=PostgresUnitOfWork(rest.database), clock=Later(**by), next_cron=next_cron)


def runs(rest: Rest, made: Reply) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = rest("GET", f"{made.location}/runs").json["items"]
    return items


def test_a_schedule_shows_its_next_five_moments(rest: Rest) -> None:
    made = rest.create("schedules", **NEW)
    assert made.json["action"] == JOB
    moments = [datetime.fromisoformat(one) for one in made.json["next_runs"]]
    assert len(moments) == 5
    assert {later - one for one, later in pairwise(moments)} == {timedelta(hours=1)}
    state = made.json["state"]
    assert (state["status"], state["last_run_at"]) == ("pending", None)
    assert state["next_run_at"] == made.json["next_runs"][0]
    off = rest("PATCH", made.location, {"enabled": False}, headers={"If-Match": "*"})
    assert (off.json["next_runs"], off.json["state"]["status"]) == ([], "disabled")
    assert tick(rest, days=1) == Ran()


def test_a_due_schedule_queues_its_job_once(rest: Rest) -> None:
    made = rest.create("schedules", **NEW)
    assert tick(rest) == Ran()
    assert tick(rest, hours=1.5) == Ran(succeeded=1)
    assert tick(rest, hours=1.5) == Ran()
    (job,) = rest("GET", "/api/v1/jobs", query={"kind": "summarize"}).json["items"]
    assert (job["payload"], job["priority"]) == ({"a": 1}, 7)
    (run,) = runs(rest, made)
    assert (run["status"], run["reason"], run["missed"]) == ("succeeded", "schedule", 0)
    assert run["result"] == {"job_id": job["id"]}
    shown = rest("GET", made.location)
    assert shown.json["state"]["status"] == "succeeded"
    assert (shown.etag != made.etag, shown.json["version"]) == (True, 1)


def test_several_missed_moments_of_a_schedule_get_one_run(rest: Rest) -> None:
    made = rest.create("schedules", **NEW)
    assert tick(rest, hours=5.5) == Ran(succeeded=1)
    (run,) = runs(rest, made)
    assert run["missed"] == 4


def test_tagged_sources_become_due(rest: Rest) -> None:
    for name, tags in (("a", ["news"]), ("b", ["news"]), ("c", [])):
        rest.create("sources", name=name, url=f"https://{name}.example/", tags=tags)
    rest.database.rows(
        "UPDATE source_states SET ticket = NULL, claimed_until = NULL,"
        " next_poll_at = now() + interval '1 day'"
    )
    rest.database.rows(
        "UPDATE source_states SET failures = 3 WHERE source_id ="
        " (SELECT id FROM sources WHERE name = 'b')"
    )
    made = rest.create("schedules", **NEW | {"action": {"fetch": {"tag": "news"}}})
    run = rest("POST", f"{made.location}/run")
    assert (run.status, run.json["result"], run.json["reason"]) == (202, {"sources": 1}, "asked")
    due = rest.database.rows(
        "SELECT name, next_poll_reason FROM sources s JOIN source_states t ON t.source_id = s.id"
        " WHERE t.next_poll_at < now() + interval '1 hour'"
    )
    assert due == [("a", "schedule")]
    assert rest("GET", made.location).json["next_runs"] == made.json["next_runs"]


def test_an_action_that_is_refused_is_a_failed_run_and_others_go_on(rest: Rest) -> None:
    bad = rest.create("schedules", **NEW | {"name": "bad"})
    good = rest.create("schedules", **NEW)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE jobs ADD CONSTRAINT ck_jobs_test CHECK (payload <> '{\"bad\": 1}')"
        )
        connection.execute(
            'UPDATE schedules SET action = \'{"job": {"kind": "x", "payload": {"bad": 1},'
            " \"priority\": 5}}' WHERE name = 'bad'"
        )
    assert tick(rest, hours=1.5) == Ran(succeeded=1, failed=1)
    assert [one["status"] for one in runs(rest, good)] == ["succeeded"]
    (failed,) = runs(rest, bad)
    assert (failed["status"], failed["error"]["class"]) == ("failed", "invalid")
    assert tick(rest, hours=1.5) == Ran()


def two_ticks(rest: Rest) -> int:
    """Run two tickers that meet between claim and commit; return the number of runs."""
    made = rest.create("schedules", **NEW)
    meet = threading.Barrier(2, timeout=5)

    def one() -> None:
        database = Database(rest.url, application_name="test")
        work = PostgresUnitOfWork(database)
        claimed = schedules.PostgresSchedules.claim_due

        class Meeting(schedules.PostgresSchedules):
            def claim_due(self, now: datetime) -> Any:
                found = claimed(self, now)
                with suppress(threading.BrokenBarrierError):
                    meet.wait()
                return found

        class Work(PostgresUnitOfWork):
            @property
            def schedules(self) -> schedules.PostgresSchedules:
                return Meeting(self.connection)

        work = Work(database)
        try:
            run_due(work=work, clock=Later(hours=1.5), next_cron=next_cron, limit=1)
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return len(runs(rest, made))


def test_two_tickers_run_a_moment_once(rest: Rest) -> None:
    assert two_ticks(rest) == 1


def test_without_the_lock_and_the_unique_moment_a_schedule_runs_twice(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    unlocked = schedules.CLAIM_DUE.replace("FOR UPDATE OF t SKIP LOCKED", "")
    monkeypatch.setattr(schedules, "CLAIM_DUE", unlocked)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("DROP INDEX uq_schedule_runs_moment")
    assert two_ticks(rest) == 2


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"schedule": {"kind": "adaptive"}}, "/schedule/kind"),
        ({"schedule": {"kind": "cron", "expression": "0 0 30 2 *"}}, "/schedule/expression"),
        ({"schedule": {"kind": "interval", "every_seconds": 0}}, "/schedule/every_seconds"),
        ({"action": {}}, "/action"),
        ({"action": {"fetch": {"tag": "x"}, **JOB}}, "/action"),
        ({"action": {"fetch": {}}}, "/action/fetch/tag"),
        ({"action": {"job": {"kind": "x", "priority": 10}}}, "/action/job/priority"),
        ({"action": {"export": {}}}, "/action/export/resource"),
        ({"action": {"other": {}}}, "/action/other"),
        ({"name": ""}, "/name"),
    ],
)
def test_invalid_input_of_a_schedule_is_422_with_a_pointer(
    rest: Rest, fields: dict[str, Any], pointer: str
) -> None:
    reply = rest("POST", "/api/v1/schedules", NEW | fields)
    assert reply.status == 422
    assert pointer in reply.pointers
    assert rest("GET", "/api/v1/schedules").json["items"] == []


def test_a_schedule_needs_the_permissions_of_the_user_who_made_it(rest: Rest) -> None:
    editor = MINT.token(rest.user("editor"))  # may write sources, but no jobs
    assert rest("POST", "/api/v1/schedules", NEW, token=editor).status == 403
    fetching = NEW | {"action": {"fetch": {"tag": "x"}}}
    assert rest("POST", "/api/v1/schedules", fetching, token=editor).status == 201
    made = rest.create("schedules", **NEW)
    assert rest("POST", f"{made.location}/run", token=editor).status == 403
    assert rest("POST", f"{made.location}/run").status == 202
    assert rest("POST", f"/api/v1/schedules/{MINT.kid}/run").status in (404, 422)
