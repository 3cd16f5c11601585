"""Leases over HTTP: tokens, attempts, and what the next lease gets."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from groundwork_core.jobs.hold import lease_jobs
from groundwork_core.jobs.lease_messages import LeaseRequest
from groundwork_core.jobs.lease_rules import PROGRESS_EVENT_SECONDS
from groundwork_core.jobs.model import WorkerJob
from groundwork_data.postgres import lease_sql, quick_leases
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.quick_leases import PostgresQuickLeases
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ...functions.rest_api.conftest import MINT, Rest
from .conftest import Office

ENTITY = {"ref": "a", "type": "topic", "name": "Tides"}
CALLS: dict[str, dict[str, object]] = {
    "status": {"progress": 0.5},
    "results": {"result": {"entities": []}},
    "failure": {"class": "internal", "message": "why"},
    "release": {},
    "defer": {"reference": "batch 1", "check_after_seconds": 60},
}


def result_of(key: str) -> dict[str, object]:
    return {"entities": [{**ENTITY, "key": key}]}


def entities(office: Office, key: str) -> int:
    return len(office.rest("GET", "/api/v1/entities", query={"key": key}).json["items"])


def test_a_job_is_leased_with_its_payload_and_a_token(office: Office) -> None:
    made = office.add(payload={"x": 1})
    job = office.leased("worker 7", seconds=90)
    assert (job["id"], job["payload"], job["status"], job["attempt"]) == (
        made, {"x": 1}, "leased", 1,
    )  # fmt: skip
    assert job["leased_until"] is not None
    assert job["waiting_for"] is None
    shown = office.shown(made)
    assert "lease_token" not in shown
    assert (shown["status"], shown["cancel_requested"]) == ("leased", False)


def test_of_two_workers_one_gets_the_job(office: Office) -> None:
    office.add()
    assert office.lease("one").status == 200
    second = office.lease("two")
    assert (second.status, second.text) == (204, "")


def test_many_workers_at_once_get_each_job_once(office: Office) -> None:
    office.add_rows(40)
    databases = [Database(office.rest.url, application_name="test") for _ in range(8)]

    def work(database: Database) -> list[str]:
        asked = LeaseRequest(kinds=(office.kind,), worker="w", lease_seconds=60)
        found = []
        for _ in range(10):
            unit, quick = PostgresUnitOfWork(database), PostgresQuickLeases(database)
            leased = lease_jobs(asked, quick=quick, work=unit, clock=office.clock)
            found += [str(json.loads(text)["id"]) for text in leased]
        return found

    with ThreadPoolExecutor(8) as pool:
        leased = [job for jobs in pool.map(work, databases) for job in jobs]
    for database in databases:
        database.close()
    assert len(leased) == len(set(leased)) == 40


def test_a_batch_has_at_most_so_many_and_may_be_empty(office: Office) -> None:
    office.add_rows(3)
    assert len(office.lease(max=2).json["items"]) == 2
    assert len(office.lease(max=2).json["items"]) == 1
    assert office.lease(max=2).json == {"items": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["Not a kind"]}, "/kinds/0"),
        ({"kinds": ["x"] * 21}, "/kinds"),
        ({"worker": ""}, "/worker"),
        ({"lease_seconds": 0}, "/lease_seconds"),
        ({"max": 1}, "/max"),
        ({"max": 101}, "/max"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_a_lease_request_with_a_fault_is_pointed_at(
    office: Office, body: dict[str, object], pointer: str
) -> None:
    whole = {"kinds": [office.kind], "worker": "w", "lease_seconds": 60, **body}
    reply = office.rest("POST", "/api/v1/jobs/lease", whole)
    assert (reply.status, reply.pointers) == (422, {pointer})


def test_leasing_needs_jobs_write(office: Office) -> None:
    body = {"kinds": [office.kind], "worker": "w", "lease_seconds": 60}
    for role, expected in (("viewer", 403), ("service", 204)):
        token = MINT.token(office.rest.user(role))
        assert office.rest("POST", "/api/v1/jobs/lease", body, token=token).status == expected


def test_a_report_extends_the_lease_and_is_shown(office: Office) -> None:
    office.add()
    job = office.leased(seconds=60)
    for _ in range(5):
        office.clock.forward(seconds=50)
        reply = office.act(job, "status", progress=0.5, message="half")
        assert (reply.status, reply.json["cancel_requested"]) == (200, False)
    shown = office.shown(job)
    assert (shown["status"], shown["progress"], shown["message"]) == ("leased", 0.5, "half")
    assert reply.json["leased_until"][:19] == shown["leased_until"][:19]


def test_a_checkpoint_is_handed_to_the_next_lease(office: Office) -> None:
    office.add()
    job = office.leased()
    office.act(job, "status", progress=0.5, checkpoint={"page": 7})
    office.act(job, "status", progress=0.6)
    office.act(job, "release")
    assert office.leased()["checkpoint"] == {"page": 7}


def test_a_checkpoint_over_64_kb_is_refused(office: Office) -> None:
    office.add()
    job = office.leased()
    fits, too_long = "x" * 65_534, "x" * 65_535
    assert office.act(job, "status", progress=0, checkpoint=fits).status == 200
    reply = office.act(job, "status", progress=0, checkpoint=too_long)
    assert (reply.status, reply.pointers) == (422, {"/checkpoint"})


@pytest.mark.parametrize("word", list(CALLS))
@pytest.mark.parametrize("how", ["another token", "expired", "given back", "leased by another"])
def test_without_the_present_lease_nothing_changes(office: Office, word: str, how: str) -> None:
    made = office.add()
    job = office.leased(seconds=30)
    if how == "another token":
        job["lease_token"] = str(uuid4())
    elif how == "expired":
        office.clock.forward(seconds=30)
    else:
        office.act(job, "release")
        if how == "leased by another":
            office.leased("another")
    before = office.shown(made)
    reply = office.act(job, word, **CALLS[word])
    assert reply.status == 409
    assert reply.json["type"].endswith("/lease-lost")
    assert office.shown(made) == before


def freeze_and_hand_in(office: Office, key: str) -> tuple[int, int]:
    """A worker sleeps past its lease, and hands in while another has the job."""
    office.add()
    frozen = office.leased("frozen", seconds=30)
    office.clock.forward(seconds=31)
    assert office.leased("awake")["id"] == frozen["id"]
    reply = office.act(frozen, "results", result=result_of(key))
    return reply.status, entities(office, key)


def test_a_worker_that_wakes_after_its_lease_applies_nothing(office: Office) -> None:
    assert freeze_and_hand_in(office, f"fenced {office.kind}") == (409, 0)


def test_without_the_token_its_result_would_be_applied(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkerJob, "is_held", lambda *_: True)
    assert freeze_and_hand_in(office, f"unfenced {office.kind}") == (200, 1)


def test_an_unknown_job_is_404(office: Office) -> None:
    for word, body in CALLS.items():
        lease = {"id": str(uuid4()), "lease_token": str(uuid4())}
        assert office.act(lease, word, **body).status == 404
    for word in ("cancel", "replay"):
        assert office.act(str(uuid4()), word).status == 404
    assert office.rest("GET", f"/api/v1/jobs/{uuid4()}/attempts").status == 404


def test_a_result_is_applied_once_however_often_it_is_handed_in(office: Office) -> None:
    key = f"once {office.kind}"
    made = office.add()
    job = office.leased()
    first = office.act(job, "results", result=result_of(key))
    assert (first.status, first.json["status"]) == (200, "succeeded")
    assert first.json["result"]["entities"] == 1
    assert first.headers["X-Groundwork-Position"]
    again = office.act(job, "results", result=result_of(f"other {key}"))
    assert (again.status, again.json) == (200, first.json)
    assert (entities(office, key), entities(office, f"other {key}")) == (1, 0)
    assert office.outcomes(made) == ["succeeded"]
    assert office.act(job, "status", progress=1).json["type"].endswith("/lease-lost")


def test_a_result_that_breaks_the_contract_is_pointed_at_and_the_lease_goes_on(
    office: Office,
) -> None:
    office.add()
    job = office.leased()
    bad = office.act(job, "results", result={"entities": [{**ENTITY, "key": 1}]})
    assert (bad.status, bad.pointers) == (422, {"/result/entities/0/key"})
    assert office.act(job, "results", result={"entities": [], "attempt": 2}).status == 422
    assert office.shown(job)["status"] == "leased"
    assert office.act(job, "results", result={"entities": []}).status == 200


def test_another_kind_of_job_may_have_a_result_of_its_own(office: Office) -> None:
    office.add()
    reply = office.act(office.leased(), "results", result={"answer": 42})
    assert reply.json["result"] == {"answer": 42}


def test_a_result_of_five_megabytes_is_taken(office: Office) -> None:
    office.add()
    topics = [
        {"ref": f"t{n}", "type": "topic", "key": f"{n} {office.kind}", "name": "n" * 1000}
        for n in range(2000)
    ]
    mentions = [{"ref": f"t{n % 2000}", "evidence": "e" * 600} for n in range(5000)]
    reply = office.act(
        office.leased(), "results", result={"entities": topics, "mentions": mentions}
    )
    assert reply.status == 200, reply.text
    assert reply.json["result"]["mentions"] == 5000


def give_back_often(office: Office) -> dict[str, Any]:
    office.add(max_attempts=2)
    for _ in range(4):
        office.act(office.leased(), "release")
    office.act(office.leased(), "defer", reference="b", check_after_seconds=5)
    office.clock.forward(seconds=5)
    return office.leased()


def test_what_is_given_back_counts_no_attempt(office: Office) -> None:
    job = give_back_often(office)
    assert job["attempt"] == 1
    assert office.outcomes(job) == ["released"] * 4 + ["deferred", None]


def test_with_attempts_counted_at_each_lease_they_would_be_used_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = lease_sql.GIVE_BACK.replace("attempt = attempt - 1", "attempt = attempt")
    monkeypatch.setattr(lease_sql, "GIVE_BACK", counted)
    assert give_back_often(office)["attempt"] == 2


def test_a_deferred_job_waits_for_its_batch_and_names_it(office: Office) -> None:
    made = office.add()
    office.act(office.leased(), "defer", reference="batch 9", check_after_seconds=3600)
    waiting = office.shown(made)
    assert (waiting["status"], waiting["waiting_for"]["reason"]) == ("queued", "deferred")
    assert waiting["waiting_for"]["until"] is not None
    office.clock.forward(seconds=3599)
    assert office.lease().status == 204
    office.clock.forward(seconds=1)
    assert office.leased()["reference"] == "batch 9"


def test_a_deferral_lasts_up_to_48_hours(office: Office) -> None:
    office.add()
    job = office.leased()
    too_long = {"reference": "b", "check_after_seconds": 48 * 3600 + 1}
    assert office.act(job, "defer", **too_long).pointers == {"/check_after_seconds"}
    fits = {"reference": "b", "check_after_seconds": 48 * 3600}
    assert office.act(job, "defer", **fits).status == 200


def test_a_queued_job_is_cancelled_at_once(office: Office) -> None:
    made = office.add()
    assert office.act(made, "cancel").json["status"] == "cancelled"
    assert office.act(made, "cancel").status == 200
    assert office.lease().status == 204


def test_the_worker_of_a_cancelled_job_learns_it_and_no_attempt_is_counted(office: Office) -> None:
    made = office.add()
    job = office.leased()
    asked = office.act(made, "cancel").json
    assert (asked["status"], asked["cancel_requested"]) == ("leased", True)
    assert office.act(job, "status", progress=0.1).json["cancel_requested"] is True
    ended = office.act(job, "release").json
    assert (ended["status"], ended["attempt"]) == ("cancelled", 0)
    assert office.outcomes(made) == ["cancelled"]


def test_what_has_ended_well_cannot_be_cancelled_or_replayed(office: Office) -> None:
    made = office.add()
    office.act(office.leased(), "results", result={})
    assert office.act(made, "cancel").status == 409
    assert office.act(made, "replay").status == 409


def report_a_thousand_times(office: Office) -> list[str]:
    """Report each millisecond for a second."""
    office.add()
    job = office.leased()
    for n in range(1, 1001):
        assert office.act(job, "status", progress=n / 1000).status == 200
        office.clock.forward(milliseconds=0.99)
    assert office.shown(job)["progress"] == 1
    return office.events(job)


def test_a_thousand_reports_in_a_second_are_one_event(office: Office) -> None:
    assert report_a_thousand_times(office) == ["created", "updated", "progress"]


def test_without_the_limit_they_would_be_a_thousand(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"interval '{PROGRESS_EVENT_SECONDS} seconds'"
    unlimited = quick_leases.REPORT_AT_ONCE.replace(limit, "interval '0 seconds'")
    monkeypatch.setattr(quick_leases, "REPORT_AT_ONCE", unlimited)
    assert len(report_a_thousand_times(office)) == 1002


def test_the_next_second_has_its_own_event(office: Office) -> None:
    office.add()
    job = office.leased()
    for _ in range(2):
        for n in range(3):
            office.act(job, "status", progress=n / 3)
        office.clock.forward(seconds=1)
    assert office.events(job) == ["created", "updated", "progress", "progress"]


def test_the_token_and_the_checkpoint_stay_out_of_the_outbox(office: Office) -> None:
    office.add()
    job = office.leased()
    office.act(job, "status", progress=0.5, checkpoint={"secret": 1})
    rows = office.sql("SELECT data FROM outbox WHERE aggregate_id = %s", job["id"])
    assert len(rows) == 3
    assert not {"lease_token", "checkpoint"} & {name for (data,) in rows for name in data}


def test_stats_count_by_kind(office: Office) -> None:
    office.add_rows(2)
    office.add()
    office.act(office.leased(), "results", result={})
    office.act(office.leased(), "failure", **{"class": "bad_input", "message": "no"})
    office.leased()
    found = office.rest("GET", "/api/v1/jobs/stats").json[office.kind]
    assert (found["queued"], found["leased"], found["deferred"], found["quarantined"]) == (
        0, 1, 0, 0,
    )  # fmt: skip
    assert found["failures"] == {"bad_input": 1}
    assert found["done_per_minute"] == 0.2


def test_reading_shows_an_expired_lease_as_expired(office: Office, shared_rest: Rest) -> None:
    made = office.add()
    office.leased(seconds=5)
    office.clock.forward(seconds=4)
    assert office.shown(made)["status"] == "leased"
    office.clock.forward(seconds=1)
    listed = shared_rest("GET", "/api/v1/jobs", query={"kind": office.kind}).json["items"]
    assert [(one["status"], one["error"]["class"]) for one in listed] == [
        ("queued", "lease_expired")
    ]
    assert office.outcomes(made) == ["expired"]
