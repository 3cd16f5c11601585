"""Which jobs a lease request gets."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from groundwork_core.jobs.empty_kinds import EmptyKinds
from groundwork_core.jobs.hold import lease_jobs
from groundwork_core.jobs.lease_messages import LeaseRequest
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.quick_leases import PostgresQuickLeases
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ...functions.rest_api.conftest import MINT
from .conftest import Office
from .results import CALLS


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


def test_only_one_of_two_workers_gets_the_job(office: Office) -> None:
    office.add()
    assert office.lease("one").status == 200
    second = office.lease("two")
    assert (second.status, second.text) == (204, "")


def test_many_workers_at_once_get_each_job_once(office: Office) -> None:
    office.add_rows(40)
    databases = [Database(office.rest.url, application_name="test") for _ in range(8)]

    def work(database: Database) -> list[str]:
        asked = LeaseRequest(kinds=(office.kind,), worker="w", lease_seconds=60)
        found, empty = [], EmptyKinds()
        for _ in range(10):
            unit, quick = PostgresUnitOfWork(database), PostgresQuickLeases(database)
            leased = lease_jobs(asked, quick=quick, empty=empty, work=unit, clock=office.clock)
            found += [str(json.loads(text)["id"]) for text in leased]
        return found

    with ThreadPoolExecutor(8) as pool:
        leased = [job for jobs in pool.map(work, databases) for job in jobs]
    for database in databases:
        database.close()
    assert len(leased) == len(set(leased)) == 40


def test_a_batch_lease_has_at_most_max_jobs_and_may_be_empty(office: Office) -> None:
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


def test_an_unknown_job_is_404(office: Office) -> None:
    for word, body in CALLS.items():
        lease = {"id": str(uuid4()), "lease_token": str(uuid4())}
        assert office.act(lease, word, **body).status == 404
    for word in ("cancel", "replay"):
        assert office.act(str(uuid4()), word).status == 404
    assert office.rest("GET", f"/api/v1/jobs/{uuid4()}/attempts").status == 404
