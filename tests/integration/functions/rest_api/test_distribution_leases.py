"""Distributions that publishers lease over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from groundwork_core.publishing.lease_distributions import expire_leases
from groundwork_data.postgres import distributions as statements

from .conftest import MINT, Rest
from .distributions import PATH, act, lease, messages, new, shown


def test_the_lease_of_a_distribution_holds_the_same_message_as_the_queue(
    rest: Rest, content: str
) -> None:
    assert lease(rest).status == 204
    made = new(rest, content)
    leased = lease(rest).json
    token = leased.pop("lease_token")
    until = datetime.fromisoformat(leased.pop("leased_until"))
    assert datetime.now(UTC) < until < datetime.now(UTC) + timedelta(seconds=61)
    assert leased.pop("attempt") == 1
    assert [leased] == messages(rest)
    assert lease(rest).status == 204
    assert rest("GET", made.location).json["version"] == 2  # a lease changes no version
    assert act(rest, made, "complete", token).status == 204
    assert shown(rest, made)["status"] == "sent"
    assert act(rest, made, "complete", token).status == 409


def test_distributions_are_leased_in_order_and_by_channel(rest: Rest, content: str) -> None:
    made = [new(rest, content).json["id"] for _ in range(3)]
    assert lease(rest, channels=["fax"], max=10).json == {"items": []}
    assert [one["distribution_id"] for one in lease(rest, max=2).json["items"]] == made[:2]
    assert lease(rest, channels=["fax", "email"]).json["distribution_id"] == made[2]


def test_a_completed_distribution_waits_for_its_open_deliveries(rest: Rest, content: str) -> None:
    made = new(rest, content)
    token = lease(rest).json["lease_token"]
    delivery = rest.create("deliveries", distribution_id=made.json["id"], recipient="ada")
    assert act(rest, made, "complete", token).status == 204
    assert shown(rest, made)["status"] == "sending"
    assert lease(rest).status == 204
    rest("PATCH", delivery.location, {"status": "delivered"}, headers={"If-Match": "*"})
    assert shown(rest, made)["status"] == "sent"


def test_a_token_that_is_not_the_present_leases_changes_nothing(
    rest: Rest, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new(rest, content)
    old = lease(rest).json["lease_token"]
    rest.database.rows("UPDATE distribution_handovers SET leased_until = now() - interval '1 s'")
    before = rest.database.rows("SELECT * FROM distribution_handovers")
    failed = {"class": "internal", "message": "m"}
    for token in (old, str(uuid4())):
        for verb, more in (("complete", {}), ("release", {}), ("failure", failed)):
            reply = act(rest, made, verb, token, **more)
            assert (reply.status, reply.json["type"]) == (409, "/problems/lease-lost")
    assert rest.database.rows("SELECT * FROM distribution_handovers") == before
    second = lease(rest).json
    assert second["attempt"] == 2
    assert act(rest, made, "complete", old).status == 409
    # Without the fence the worker that lost its lease ends another's.
    loose = statements.ATTEMPT.replace("AND lease_token = %s", "AND %s::uuid IS NOT NULL")
    monkeypatch.setattr(statements, "ATTEMPT", loose)
    assert act(rest, made, "complete", old).status == 204


def test_two_workers_never_lease_one_distribution(rest: Rest, content: str) -> None:
    for _ in range(20):
        new(rest, content)

    def one(_: int) -> list[str]:
        mine = Rest.beside(rest)
        try:
            return [item["distribution_id"] for item in lease(mine, max=3).json["items"]]
        finally:
            mine.database.close()

    with ThreadPoolExecutor(4) as pool:
        leased = [id_ for ids in pool.map(one, range(10)) for id_ in ids]
    assert len(leased) == len(set(leased)) == 20


def test_only_failures_and_expiries_count_attempts(rest: Rest, content: str) -> None:
    made = new(rest, content)
    for _ in range(3):
        assert act(rest, made, "release", lease(rest).json["lease_token"]).status == 204
    for attempt in range(1, 6):
        leased = lease(rest).json
        assert leased["attempt"] == attempt
        failed = {"class": "retryable", "message": f"try {attempt}"}
        assert act(rest, made, "failure", leased["lease_token"], **failed).status == 204
        assert lease(rest).status == 204  # it pauses first
        rest.database.rows(
            "UPDATE distribution_handovers SET available_at = now() - interval '1 s'"
        )
        assert shown(rest, made)["error"]["message"] == f"try {attempt}"
    assert (shown(rest, made)["status"], lease(rest).status) == ("failed", 204)


def test_bad_input_fails_at_once(rest: Rest, content: str) -> None:
    made = new(rest, content)
    failed = {"class": "bad_input", "message": "no such list"}
    assert act(rest, made, "failure", lease(rest).json["lease_token"], **failed).status == 204
    assert shown(rest, made)["error"] == failed
    assert shown(rest, made)["status"] == "failed"


def test_five_expired_leases_fail_a_distribution(rest: Rest, content: str) -> None:
    made = new(rest, content)

    def expire() -> int:
        rest.database.rows(
            "UPDATE distribution_handovers SET leased_until = now() - interval '1 s'"
        )
        return expire_leases(work=rest.parts.work(), clock=rest.parts.clock)

    for attempt in range(1, 6):
        assert lease(rest).json["attempt"] == attempt
        assert expire() == (attempt == 5)
    assert shown(rest, made)["error"]["class"] == "lease_expired"
    assert shown(rest, made)["status"] == "failed"


def test_a_distribution_ended_by_its_deliveries_is_not_leased_again(
    rest: Rest, content: str
) -> None:
    made = new(rest, content)
    token = lease(rest).json["lease_token"]
    rest.create("deliveries", distribution_id=made.json["id"], recipient="ada", status="delivered")
    assert shown(rest, made)["status"] == "sent"
    assert act(rest, made, "complete", token).status == 204
    assert rest.database.rows("SELECT * FROM distribution_handovers") == []


@pytest.mark.parametrize(
    "more",
    [{"channels": []}, {"channels": "email"}, {"lease_seconds": 0}, {"max": 101}, {"worker": ""}],
)
def test_a_lease_is_bounded(rest: Rest, more: dict[str, object]) -> None:
    wanted = {"channels": ["email"], "worker": "w", "lease_seconds": 60, **more}
    assert rest("POST", f"{PATH}/lease", wanted).status == 422


def test_a_service_leases_and_a_viewer_does_not(rest: Rest, content: str) -> None:
    new(rest, content)
    wanted = {"channels": ["email"], "worker": "w", "lease_seconds": 60}
    viewer, service = (MINT.token(rest.user(role)) for role in ("viewer", "service"))
    assert rest("POST", f"{PATH}/lease", wanted, token=viewer).status == 403
    assert rest("POST", f"{PATH}/lease", wanted, token=service).status == 200
