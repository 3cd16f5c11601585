"""Invalid calls of workers get the error of the contract and change nothing."""

from typing import Any
from uuid import uuid4

import pytest

from .conftest import Office

NASTY: list[Any] = [
    None, "", "x" * 100_000, "a\0b", "\ud800", 0, -1, 1.5, 10**30, -(10**400), 1e308, float("nan"),
    float("inf"), True, [], {}, [[]], {"a": 1}, "0.5", "2026-01-01", "00000000-0000-0000-0000-0",
]  # fmt: skip
ANSWERS = {400, 404, 409, 413, 422}
FIELDS: dict[str, dict[str, Any]] = {
    "status": {"progress": 0.5, "message": "m", "checkpoint": {}},
    "results": {"result": {"n": 1}},
    "failure": {"class": "internal", "message": "why", "retry_after_seconds": 1},
    "release": {},
    "defer": {"reference": "b", "check_after_seconds": 60},
}
CASES = [(word, field) for word, fields in FIELDS.items() for field in ("lease_token", *fields)]
MAY_BE_LEFT_OUT = {"message", "checkpoint", "retry_after_seconds"}


def ask(office: Office, path: str, body: object) -> tuple[int, str]:
    reply = office.rest("POST", f"/api/v1/jobs/{path}", body)
    if reply.status >= 400:
        assert set(reply.json) >= {"type", "title", "status", "detail", "request_id"}
    return reply.status, reply.text


@pytest.mark.parametrize(("word", "field"), CASES)
def test_each_call_with_a_hostile_value_is_refused_or_accepted_as_documented(
    office: Office, word: str, field: str
) -> None:
    for value in NASTY:
        made = office.add(max_attempts=100)
        job = office.leased()
        whole = {"lease_token": job["lease_token"], **FIELDS[word], field: value}
        status, text = ask(office, f"{made}/{word}", whole)
        assert status in ANSWERS | {200}, (value, text)
        if status != 200:
            assert office.shown(made)["status"] == "leased", (value, text)
            assert office.act(job, "results", result={}).status == 200
        else:
            office.sql("DELETE FROM jobs WHERE id = %s", made)


@pytest.mark.parametrize("field", ["kinds", "worker", "lease_seconds", "max"])
def test_a_lease_request_with_an_invalid_value_is_refused(office: Office, field: str) -> None:
    office.add()
    for value in [*NASTY, ["a", 1], [None], ["A"], ["a" * 64]]:
        whole = {"kinds": [office.kind], "worker": "w", "lease_seconds": 60, field: value}
        status, text = ask(office, "lease", whole)
        fits = (field, value) in [("max", None), *(("worker", one) for one in NASTY[-3:])]
        assert status in (200, 204) if fits else status in ANSWERS, (value, text)


@pytest.mark.parametrize("field", ["kind", "class", "since"])
def test_a_replay_request_with_a_hostile_value_is_refused(office: Office, field: str) -> None:
    for value in NASTY:
        status, text = ask(office, "replay", {"kind": office.kind, field: value})
        assert status in ANSWERS or (status, field) in {(200, "class"), (200, "since")}, (
            value, text,
        )  # fmt: skip


@pytest.mark.parametrize("body", [[], "x", 1, True, [{}]])
@pytest.mark.parametrize("path", ["lease", "replay", "{id}/status", "{id}/results"])
def test_a_body_that_is_not_an_object_is_refused(office: Office, path: str, body: object) -> None:
    assert ask(office, path.format(id=office.add()), body)[0] in (400, 422)


def test_a_token_of_another_job_counts_as_a_lost_lease(office: Office) -> None:
    first, second = (office.add() for _ in range(2))
    one, two = office.leased(), office.leased()
    assert {one["id"], two["id"]} == {first, second}
    for word, fields in FIELDS.items():
        reply = office.act({**one, "lease_token": two["lease_token"]}, word, **fields)
        assert (reply.status, reply.json["type"].rpartition("/")[2]) == (409, "lease-lost")
    for job in (one, two):
        assert office.shown(job)["status"] == "leased"


def test_limits_of_job_calls_are_those_of_the_contract(office: Office) -> None:
    office.add_rows(100)
    asked = {"kinds": [office.kind], "worker": "w", "lease_seconds": 60}
    for most, expected in ((0, 422), (1, 422), (2, 200), (101, 422), (-1, 422)):
        assert ask(office, "lease", {**asked, "max": most})[0] == expected
    assert len(office.lease(max=100).json["items"]) == 98
    job = {"id": str(uuid4()), "lease_token": str(uuid4())}
    assert office.act(job, "defer", reference="b", check_after_seconds=0).status == 422


def test_a_lease_of_an_unknown_kind_finds_nothing(office: Office) -> None:
    unknown = {"kinds": [f"k{uuid4().hex}"], "worker": "w", "lease_seconds": 60}
    reply = office.rest("POST", "/api/v1/jobs/lease", unknown)
    assert (reply.status, reply.text) == (204, "")
    many = office.rest("POST", "/api/v1/jobs/lease", {**unknown, "max": 2})
    assert (many.status, many.json) == (200, {"items": []})


def test_a_lease_of_large_jobs_fits_the_response_limit_of_lambda(office: Office) -> None:
    for n in range(8):
        office.add(payload={"n": n, "text": "x" * 900_000})
    first = office.lease(max=8)
    assert first.status == 200
    assert len(first.text.encode()) < 6_000_000
    assert [job["payload"]["n"] for job in first.json["items"]] == [0, 1, 2, 3]
    assert len(office.lease(max=8).json["items"]) == 4
