"""Status reports of several jobs in one request: `POST /jobs/status`."""

import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.jobs.lease_rules import PROGRESS_EVENT_SECONDS
from groundwork_data.postgres import quick_leases

from ....lock_waits import until_one_waits
from ...functions.rest_api.conftest import Reply, Rest
from .conftest import Office
from .test_results_together import leases, statuses

PATH = "/api/v1/jobs/status"


def item(job: dict[str, Any], progress: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"id": job["id"], "lease_token": job["lease_token"], "progress": progress, **more}


def report(office: Office, *items: Any) -> Reply:
    return office.rest("POST", PATH, {"items": list(items)})


def test_reports_extend_the_leases_and_say_which_jobs_are_cancelled(office: Office) -> None:
    first, second = leases(office, 2)
    office.act(second["id"], "cancel")
    office.clock.forward(seconds=50)
    before = office.rest.database.statements
    reply = report(office, item(first, message="half"), item(second, 0.25))
    assert office.rest.database.statements == before + 1
    assert statuses(reply) == [200, 200]
    one, two = reply.json["results"]
    assert (one["id"], two["id"]) == (first["id"], second["id"])
    assert (one["cancel_requested"], two["cancel_requested"]) == (False, True)
    shown = office.shown(first)
    assert (shown["progress"], shown["message"]) == (0.5, "half")
    alone = office.act(first, "status", progress=0.5).json
    assert {name: one[name] for name in alone} == alone
    office.clock.forward(seconds=50)
    assert statuses(report(office, item(first), item(second))) == [200, 200]


def test_each_report_gets_the_problem_of_its_own_request(office: Office) -> None:
    (expired,) = leases(office, 1)
    office.clock.forward(seconds=60)
    good, other = leases(office, 2)
    bad: list[dict[str, Any]] = [
        item(expired),
        item({"id": str(uuid4()), "lease_token": good["lease_token"]}),
        item({**good, "lease_token": other["lease_token"]}),
        item(other, 1.5),
        item(other, message="x" * 2_001),
        item(other, checkpoint="x" * 65_535),
        {**item(other), "more": 1},
        {"id": other["id"], "progress": 1},
    ]
    reply = report(office, *bad, item(good))
    assert statuses(reply) == [409, 404, 409, *[422] * 5, 200]
    for given, one in zip(bad, reply.json["results"], strict=False):
        body = {name: value for name, value in given.items() if name != "id"}
        alone = office.rest("POST", f"/api/v1/jobs/{given['id']}/status", body)
        assert alone.status == one["status"], alone.text
        shown = {name: alone.json.get(name) for name in ("type", "title", "detail", "errors")}
        assert one["error"] == {name: value for name, value in shown.items() if value is not None}
    assert office.shown(other)["progress"] == 0


def test_of_several_reports_of_one_job_the_last_of_each_value_counts(office: Office) -> None:
    (job,) = leases(office, 1)
    reply = report(
        office,
        item(job, 0.1, message="first", checkpoint={"page": 1}),
        item(job, 0.2, checkpoint={"page": 2}),
        item(job, 0.3),
    )
    assert statuses(reply) == [200] * 3
    assert len({one["leased_until"] for one in reply.json["results"]}) == 1
    shown = office.shown(job)
    assert (shown["progress"], shown["message"]) == (0.3, "first")
    assert office.sql("SELECT checkpoint FROM jobs WHERE id = %s", job["id"]) == [({"page": 2},)]


def events_of_a_second(office: Office) -> list[list[str]]:
    jobs = leases(office, 3)
    for n in range(10):
        assert statuses(report(office, *(item(job, n / 10) for job in jobs))) == [200] * 3
        office.clock.forward(milliseconds=99)
    return [office.events(job) for job in jobs]


def test_reports_of_one_second_are_one_event_of_each_job(office: Office) -> None:
    assert events_of_a_second(office) == [["created", "updated", "progress"]] * 3


def test_without_the_limit_each_report_is_an_event(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"interval '{PROGRESS_EVENT_SECONDS} seconds'"
    unlimited = quick_leases.REPORT_MANY.replace(limit, "interval '0 seconds'")
    monkeypatch.setattr(quick_leases, "REPORT_MANY", unlimited)
    assert [len(events) for events in events_of_a_second(office)] == [12] * 3


def test_large_checkpoints_of_a_hundred_jobs_are_kept(office: Office) -> None:
    jobs = leases(office, 100)
    reply = report(office, *(item(job, checkpoint="x" * 65_000) for job in jobs))
    assert statuses(reply) == [200] * 100
    office.act(jobs[0], "release")
    assert office.leased()["checkpoint"] == "x" * 65_000


def second_is_free(office: Office, first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Let a report of both jobs wait for the first; return whether the second is not locked."""
    beside = Rest.beside(office.rest)
    beside.parts.database_clock = office.clock
    body = {"items": [item(second), item(first)]}
    with psycopg.connect(office.rest.url) as holder, psycopg.connect(office.rest.url) as other:
        holder.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [first["id"]])
        thread = threading.Thread(target=beside, args=("POST", PATH, body))
        thread.start()
        until_one_waits(office.rest.url)
        lock = "SELECT id FROM jobs WHERE id = %s FOR UPDATE SKIP LOCKED"
        free = bool(other.execute(lock, [second["id"]]).fetchall())
        other.rollback()
        holder.rollback()
        thread.join()
    beside.database.close()
    return free


def test_reports_lock_jobs_in_one_order_so_that_two_workers_take_turns(office: Office) -> None:
    first, second = sorted(leases(office, 2), key=lambda job: job["id"])
    assert second_is_free(office, first, second)


def test_in_another_order_a_report_would_hold_what_the_other_waits_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    backwards = quick_leases.REPORT_MANY.replace("ORDER BY id", "ORDER BY id DESC")
    monkeypatch.setattr(quick_leases, "REPORT_MANY", backwards)
    first, second = sorted(leases(office, 2), key=lambda job: job["id"])
    assert not second_is_free(office, first, second)
