"""A job follows the same rules, whether it is leased over HTTP or for a queue message."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.jobs.sweep import end_leases_and_pauses
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.queues import jobs as announced

from .conftest import Office

Lease = Callable[[int], list[dict[str, Any]]]
SECONDS = 300


@pytest.fixture(params=["http", "queue"])
def lease(office: Office, request: pytest.FixtureRequest) -> Lease:
    """Lease up to so many jobs, each for five minutes."""

    def over_http(most: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) < most and (reply := office.lease(seconds=SECONDS)).status == 200:
            found.append(reply.json)
        return found

    def for_messages(most: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = office.lease(
            seconds=SECONDS, messages=[str(uuid4()) for _ in range(most)]
        ).json["items"]
        return found

    return over_http if request.param == "http" else for_messages


def test_each_job_is_leased_once(office: Office, lease: Lease) -> None:
    office.add_rows(3)
    jobs = lease(5)
    assert len({job["id"] for job in jobs}) == 3
    assert lease(1) == []
    assert {(job["status"], job["attempt"]) for job in jobs} == {("leased", 1)}


def test_the_order_is_that_of_priority_and_turns(office: Office, lease: Lease) -> None:
    office.add_rows(50, "source:many", made="now() - interval '1 minute'")
    office.add_rows(2, "source:few", made="now() - interval '55 s'")
    office.add_rows(1, "source:urgent", priority=9, made="now()")
    parties = dict(office.sql("SELECT id::text, party FROM jobs WHERE kind = %s", office.kind))
    order = [parties[job["id"]] for job in lease(20)]
    assert order[0] == "source:urgent"
    assert order.count("source:few") == 2


def test_each_call_finds_its_job_by_the_lease_token(office: Office, lease: Lease) -> None:
    office.add_rows(5)
    report, release, failure, defer, result = lease(5)
    assert office.act(report, "status", progress=0.5).status == 200
    assert office.act(release, "release").json["attempt"] == 0
    assert (
        office.act(failure, "failure", **{"class": "bad_input", "message": "no"}).json["status"]
        == "failed"
    )
    assert office.act(defer, "defer", reference="b", check_after_seconds=60).status == 200
    assert office.act(result, "results", result={"n": 1}).json["status"] == "succeeded"
    for job in (release, failure, defer):
        assert office.act(job, "status", progress=0.5).json["type"].endswith("/lease-lost")


def test_an_expired_lease_counts_and_a_released_one_does_not(office: Office, lease: Lease) -> None:
    made = office.add()
    office.act(lease(1)[0], "release")
    frozen = lease(1)[0]
    office.clock.forward(seconds=SECONDS)
    awake = lease(1)[0]
    assert (awake["id"], awake["attempt"]) == (made, 2)
    assert office.act(frozen, "results", result={"n": 1}).status == 409
    assert office.outcomes(made) == ["released", "expired", None]


def test_a_worker_that_reports_keeps_its_job(office: Office, lease: Lease) -> None:
    office.add()
    job = lease(1)[0]
    for _ in range(5):
        office.clock.forward(seconds=SECONDS - 1)
        assert office.act(job, "status", progress=0.1).status == 200
        end_leases_and_pauses(work=office.rest.parts.work(), clock=office.clock)
        assert lease(1) == []


def test_three_silent_expiries_quarantine_it(office: Office, lease: Lease) -> None:
    made = office.add()
    for _ in range(3):
        assert len(lease(1)) == 1
        office.clock.forward(seconds=SECONDS)
        end_leases_and_pauses(work=office.rest.parts.work(), clock=office.clock)
    assert lease(1) == []
    shown = office.shown(made)
    assert (shown["status"], shown["error"]["class"]) == ("quarantined", "crashed")


def test_a_deferred_job_pauses_and_keeps_its_checkpoint_either_way(
    office: Office, lease: Lease
) -> None:
    office.add()
    job = lease(1)[0]
    office.act(job, "status", progress=0.5, checkpoint={"page": 3})
    office.act(job, "defer", reference="batch", check_after_seconds=60)
    assert lease(1) == []
    office.clock.forward(seconds=60)
    again = lease(1)[0]
    assert (again["checkpoint"], again["reference"]) == ({"page": 3}, "batch")


@pytest.mark.long
def test_ten_thousand_jobs_of_one_requester_do_not_hold_up_ten_of_another(
    office: Office, lease: Lease
) -> None:
    office.add_rows(10_000, "user:many", made="timestamptz '2026-03-01 12:00Z'")
    office.add_rows(10, "user:few", made="timestamptz '2026-03-01 12:00:12Z'")
    few = {row[0] for row in office.sql(
        "SELECT id::text FROM jobs WHERE kind = %s AND party = 'user:few'", office.kind
    )}  # fmt: skip
    order = [job["id"] in few for _ in range(5) for job in lease(10)]
    assert sum(order) == 10
    office.sql("DELETE FROM jobs WHERE kind = %s", office.kind)


@pytest.mark.long
def test_without_turns_ten_jobs_wait_for_ten_thousand_of_another_requester(
    office: Office, lease: Lease
) -> None:
    office.sql("ALTER TABLE jobs DISABLE TRIGGER place_job")
    try:
        office.add_rows(10_000, "user:many", made="timestamptz '2026-03-01 12:00Z'")
        office.add_rows(10, "user:few", made="timestamptz '2026-03-01 12:00:12Z'")
    finally:
        office.sql("ALTER TABLE jobs ENABLE TRIGGER place_job")
    few = {row[0] for row in office.sql(
        "SELECT id::text FROM jobs WHERE kind = %s AND party = 'user:few'", office.kind
    )}  # fmt: skip
    order = [job["id"] in few for _ in range(5) for job in lease(10)]
    assert sum(order) == 0
    office.sql("DELETE FROM jobs WHERE kind = %s", office.kind)


def test_every_job_that_waits_has_been_announced(office: Office) -> None:
    """A message leases whichever job is next: there must be one for each that waits."""
    made = office.add()
    job = office.leased()
    office.act(job, "release")
    office.act(office.leased(), "failure", **{"class": "internal", "message": "x"})
    office.clock.forward(seconds=3600)
    end_leases_and_pauses(work=office.rest.parts.work(), clock=office.clock)
    rows = office.sql(
        "SELECT (xid::text)::bigint, id, aggregate, aggregate_id, version, kind, data FROM outbox"
        " WHERE aggregate_id = %s ORDER BY id",
        UUID(made),
    )
    messages = [len(announced([OutboxRow(*row)], office.kind)) for row in rows]
    # Made, leased, released, leased, failed (it pauses), waiting again.
    assert messages == [1, 0, 1, 0, 0, 1]


def test_jobs_leased_by_each_others_messages_are_all_leased(office: Office) -> None:
    """The relay reads that the urgent job was made only after it was leased."""

    def lease_for(message: str) -> list[str]:
        return [job["id"] for job in office.lease(messages=[message]).json["items"]]

    first = office.add()
    urgent = office.add(priority=9)
    assert lease_for("sent-for-the-first") == [urgent]
    rows = office.sql(
        "SELECT (xid::text)::bigint, id, aggregate, aggregate_id, version, kind, data FROM outbox"
        " WHERE aggregate_id = %s ORDER BY id",
        UUID(urgent),
    )
    messages = announced([OutboxRow(*row) for row in rows], office.kind)
    assert [lease_for(f"later-{number}") for number, _ in enumerate(messages)] == [[first]]


def test_a_redelivered_message_gets_its_job_again(office: Office) -> None:
    office.add_rows(2)

    def lease_for(message: str) -> UUID:
        (job,) = office.lease(messages=[message]).json["items"]
        return UUID(job["id"])

    first = lease_for("m1")
    assert lease_for("m1") == first
    assert lease_for("m2") != first
    assert office.outcomes(str(first)) == ["expired", None]
