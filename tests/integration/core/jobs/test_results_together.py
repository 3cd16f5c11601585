"""Results of several jobs in one request: `POST /jobs/results`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import GroundworkError
from groundwork_core.knowledge import take_result

from ...functions.rest_api.conftest import Reply
from .conftest import Office
from .results import ENTITY, entities, result_of

PATH = "/api/v1/jobs/results"
POISON = {"entities": [], "embeddings": [{"subject": "document", "model": "m", "vector": [1.0]}]}
"""Its vector is of a document that the job does not have, which is found in the transaction."""


def leases(office: Office, count: int) -> list[dict[str, Any]]:
    office.add_rows(count)
    found: list[dict[str, Any]] = office.lease(max=max(2, count)).json["items"]
    assert len(found) == count
    return found


def item(job: dict[str, Any], result: Any) -> dict[str, Any]:
    return {"id": job["id"], "lease_token": job["lease_token"], "result": result}


def hand_in(office: Office, *items: Any, **headers: str) -> Reply:
    return office.rest("POST", PATH, {"items": list(items)}, headers=headers)


def statuses(reply: Reply) -> list[int]:
    assert reply.status == 200, reply.text
    assert [one["index"] for one in reply.json["results"]] == list(
        range(len(reply.json["results"]))
    )
    return [one["status"] for one in reply.json["results"]]


def transactions(office: Office, jobs: Sequence[dict[str, Any]]) -> set[str]:
    """Return the transactions that ended the jobs."""
    rows = office.sql(
        "SELECT DISTINCT xid::text FROM outbox WHERE aggregate_id = ANY(%s)"
        " AND data ->> 'status' = 'succeeded'",
        [UUID(job["id"]) for job in jobs],
    )
    return {xid for (xid,) in rows}


def test_results_of_several_jobs_are_applied_in_one_transaction(office: Office) -> None:
    jobs = leases(office, 3)
    keys = [f"{n} {office.kind}" for n in range(3)]
    reply = hand_in(
        office, *(item(job, result_of(key)) for job, key in zip(jobs, keys, strict=True))
    )
    assert reply.json["results"] == [
        {"index": n, "status": 200, "id": job["id"]} for n, job in enumerate(jobs)
    ]
    assert [entities(office, key) for key in keys] == [1, 1, 1]
    assert {office.shown(job)["status"] for job in jobs} == {"succeeded"}
    assert office.shown(jobs[0])["result"]["entities"] == 1
    assert transactions(office, jobs) == set(reply.headers["X-Groundwork-Position"])


def test_each_result_gets_the_problem_of_its_own_request(office: Office) -> None:
    (expired,) = leases(office, 1)
    office.clock.forward(seconds=60)
    good, plain, large, wrong, other, poison = leases(office, 6)
    bad: list[dict[str, Any]] = [
        item(expired, {"n": 1}),
        item({"id": str(uuid4()), "lease_token": good["lease_token"]}, {"n": 1}),
        item({**good, "lease_token": other["lease_token"]}, {"n": 1}),
        item(wrong, {"entities": [{**ENTITY, "key": 1}]}),
        item(wrong, {"entities": [], "attempt": 9}),
        item(large, {"text": "x" * 1_000_001}),
        item(poison, POISON),
        item(poison, {"entities": [], "part": 2}),
        {**item(wrong, {}), "more": 1},
        {"id": wrong["id"], "result": {}},
        {"id": "none", "lease_token": "none", "result": []},
    ]
    items = [item(good, result_of(office.kind)), *bad, item(plain, {"answer": 42})]
    reply = hand_in(office, *items)
    assert statuses(reply) == [200, 409, 404, 409, *[422] * 4, 409, *[422] * 3, 200]
    for given, one in zip(bad, reply.json["results"][1:-1], strict=True):
        alone = office.rest(
            "POST",
            f"/api/v1/jobs/{given['id']}/results",
            {name: value for name, value in given.items() if name != "id"},
        )
        if given["id"] == "none":  # alone, a path that does not exist
            assert {fault["pointer"] for fault in one["error"]["errors"]} == {
                "/id",
                "/lease_token",
                "/result",
            }
            continue
        assert alone.status == one["status"], alone.text
        shown = {name: alone.json.get(name) for name in ("type", "title", "detail", "errors")}
        assert one["error"] == {name: value for name, value in shown.items() if value is not None}
    assert office.shown(good)["status"] == "succeeded"
    assert office.shown(plain)["result"] == {"answer": 42}
    for job in (large, wrong, other, poison):
        assert office.shown(job)["status"] == "leased"


def test_a_result_that_fails_in_the_transaction_does_not_keep_others_back(
    office: Office,
) -> None:
    jobs = leases(office, 8)
    results = [POISON if n == 5 else result_of(f"{n} {office.kind}") for n in range(8)]
    reply = hand_in(office, *map(item, jobs, results))
    assert statuses(reply) == [200] * 5 + [422] + [200] * 2
    assert reply.json["results"][5]["error"]["errors"][0]["pointer"] == (
        "/result/embeddings/0/subject"
    )
    assert [office.shown(job)["status"] for job in jobs].count("succeeded") == 7
    assert len(transactions(office, jobs)) == 3  # the first four, one alone, and the last two


def test_without_halving_a_poisonous_result_keeps_others_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_or_nothing(items: Any, apply: Any) -> Any:
        try:
            return apply(items)
        except GroundworkError as error:
            return [error] * len(items)

    monkeypatch.setattr(take_result, "apply_together", all_or_nothing)
    jobs = leases(office, 2)
    reply = hand_in(office, item(jobs[0], result_of(office.kind)), item(jobs[1], POISON))
    assert statuses(reply) == [422, 422]


def test_of_two_workers_with_one_lease_the_one_that_was_frozen_loses_that_job_only(
    office: Office,
) -> None:
    office.add()
    slow = office.leased("slow", seconds=60)
    office.clock.forward(seconds=60)
    fast = office.leased("fast")
    assert fast["id"] == slow["id"]
    own = leases(office, 1)[0]
    reply = hand_in(office, item(slow, {"by": "slow"}), item(own, {"by": "slow"}))
    assert statuses(reply) == [409, 200]
    assert reply.json["results"][0]["error"]["type"] == "/problems/lease-lost"
    assert statuses(hand_in(office, item(fast, {"by": "fast"}))) == [200]
    assert office.shown(fast)["result"] == {"by": "fast"}


def test_without_a_check_of_the_lease_the_frozen_worker_would_win(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add()
    slow = office.leased("slow", seconds=60)
    office.clock.forward(seconds=60)
    office.leased("fast")
    monkeypatch.setattr(take_result, "_not_held", lambda *_: {})
    assert statuses(hand_in(office, item(slow, {"by": "slow"}))) == [200]


def test_a_job_twice_in_one_request_is_applied_once(office: Office) -> None:
    first, second = leases(office, 2)
    key = office.kind
    reply = hand_in(
        office,
        item(first, result_of(key)),
        item(first, result_of(f"again {key}")),
        item(second, result_of(key)),
    )
    assert statuses(reply) == [200, 200, 200]
    assert (entities(office, key), entities(office, f"again {key}")) == (1, 0)
    assert office.outcomes(first) == ["succeeded"]


def test_parts_of_a_result_may_be_in_one_request(office: Office) -> None:
    job, other = leases(office, 2)
    key = office.kind
    first = {**result_of(key), "partial": True, "part": 1}
    last = {**result_of(f"last {key}"), "part": 2}
    assert statuses(hand_in(office, item(job, last), item(job, first), item(other, {}))) == [
        409,
        200,
        200,
    ]
    assert office.shown(job)["status"] == "leased"
    assert statuses(hand_in(office, item(job, first), item(job, last))) == [200, 200]
    assert office.shown(job)["result"]["entities"] == 2


def test_a_repeated_request_gets_the_same_outcomes_and_changes_nothing(office: Office) -> None:
    jobs = leases(office, 3)
    key = office.kind
    office.act(jobs[0], "release")
    items = [item(job, result_of(key)) for job in jobs]
    first, again = hand_in(office, *items), hand_in(office, *items)
    assert statuses(first) == statuses(again) == [409, 200, 200]
    assert "X-Groundwork-Position" in first.headers
    assert "X-Groundwork-Position" not in again.headers
    found = office.rest("GET", "/api/v1/entities", query={"key": key}).json["items"]
    assert [one["version"] for one in found] == [1]


def test_a_request_with_an_idempotency_key_is_applied_once_and_may_have_bad_items(
    office: Office,
) -> None:
    jobs = leases(office, 3)
    items = [item(jobs[0], {"n": 0}), item(jobs[1], POISON), item(jobs[2], result_of(office.kind))]
    header = {"Idempotency-Key": str(uuid4())}
    first, again = hand_in(office, *items, **header), hand_in(office, *items, **header)
    assert statuses(first) == [200, 422, 200]
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == ["true"]
    assert entities(office, office.kind) == 1


@pytest.mark.parametrize("path", [PATH, "/api/v1/jobs/status"])
@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/items"}),
        ({"items": {}}, {"/items"}),
        ({"items": [], "more": 1}, {"/more"}),
        ({"items": [{}] * 101}, {"/items"}),
    ],
)
def test_a_request_that_is_no_list_of_up_to_a_hundred_items_is_refused(
    office: Office, path: str, body: object, pointers: set[str]
) -> None:
    reply = office.rest("POST", path, body)
    assert (reply.status, reply.pointers) == (422, pointers)


def test_a_hundred_results_are_taken_and_none(office: Office) -> None:
    jobs = leases(office, 100)
    assert statuses(hand_in(office, *(item(job, {"n": 1}) for job in jobs))) == [200] * 100
    assert hand_in(office).json == {"results": []}


def test_results_and_status_are_no_ids_of_jobs(office: Office) -> None:
    for path in (PATH, "/api/v1/jobs/status"):
        reply = office.rest("GET", path)
        assert (reply.status, reply.headers["Allow"]) == (405, ["POST"])
