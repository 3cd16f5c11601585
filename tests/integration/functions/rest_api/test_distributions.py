"""A distribution is handed over once, by queue or by lease, until it is cancelled or ended."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from groundwork_core.clock import Clock
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.distribution_message import MESSAGE_BYTES_MAX
from groundwork_core.publishing.lease_distributions import expire_leases
from groundwork_core.publishing.start_distributions import start_due
from groundwork_core.relay.destinations.queues import distributions
from groundwork_data.postgres import distributions as statements

from .conftest import MINT, Reply, Rest

PATH = "/api/v1/distributions"
OUTBOX = """
SELECT 0, 0, aggregate, aggregate_id, version, kind, data FROM outbox
WHERE kind = 'distribution_due' ORDER BY id
"""
PAST, FUTURE = "2026-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"


@pytest.fixture
def content(rest: Rest) -> str:
    made = rest.create("contents", title="On engines", body="Text.", status="published")
    return str(made.json["id"])


def new(rest: Rest, content: str, **fields: object) -> Reply:
    return rest.create("distributions", content_id=content, channel="email", **fields)


def shown(rest: Rest, made: Reply) -> dict[str, Any]:
    found: dict[str, Any] = rest("GET", made.location).json
    return found


def messages(rest: Rest) -> list[dict[str, Any]]:
    """Return the messages that the relay sends to the queue."""
    return distributions(OutboxRow(*row) for row in rest.database.rows(OUTBOX))


def started(rest: Rest, clock: Clock, public_url: str = "") -> int:
    parts = rest.parts
    return start_due(
        work=parts.work(), clock=clock, public_url=public_url, checker=parts.json_schemas
    )


def tick(rest: Rest) -> int:
    return started(rest, rest.parts.clock, "https://x.test")


def lease(rest: Rest, *, seconds: int = 60, **more: object) -> Reply:
    wanted = {"channels": ["email"], "worker": "w", "lease_seconds": seconds, **more}
    return rest("POST", f"{PATH}/lease", wanted)


def act(rest: Rest, made: Reply, verb: str, token: object = None, **more: object) -> Reply:
    body = {"lease_token": token, **more} if token else None
    return rest("POST", f"{made.location}/{verb}", body)


def patch(rest: Rest, made: Reply, **fields: object) -> Reply:
    return rest("PATCH", made.location, fields, headers={"If-Match": "*"})


def test_one_for_now_goes_out_at_once_with_its_contents_version(rest: Rest, content: str) -> None:
    ada = rest.user("viewer")
    rest.create("preferences", user_id=str(ada), key="digest", value="daily")
    spec = {"user_ids": [str(ada), str(uuid4())], "list": "weekly"}
    made = new(rest, content, spec=spec)
    out = shown(rest, made)
    assert (out["status"], out["content_version"]) == ("sending", 1)
    assert messages(rest) == [
        {
            "contract": "groundwork/distribution/1",
            "distribution_id": made.json["id"],
            "channel": "email",
            "spec": spec,
            "scheduled_at": None,
            "content": {
                "id": content,
                "version": 1,
                "title": "On engines",
                "format": "markdown",
                "url": f"/api/v1/contents/{content}/versions/1",
            },
            "callback_url": "/api/v1/deliveries/callbacks",
            "preferences": {str(ada): {"digest": "daily"}},
            "preference_defaults": {},
            "quiet_hours": {},
        }
    ]
    # What is changed later does not change what is sent.
    at = f"/api/v1/contents/{content}"
    assert rest("PATCH", at, {"body": "New."}, headers={"If-Match": "*"}).status == 200
    url = messages(rest)[0]["content"]["url"]
    assert rest("GET", url).json["body"] == "Text."


def test_preferences_are_the_effective_ones(rest: Rest, content: str) -> None:
    """With the message alone a publisher knows what `/preferences/effective` says."""
    users = {name: str(rest.user("viewer")) for name in ("states", "outdated", "none")}
    rest.create("preferences", user_id=users["states"], key="digest", value={"day": "Mon"})
    rest.create("preferences", user_id=users["outdated"], key="digest", value="daily")
    rest.create("preferences", user_id=users["none"], key="language", value="de")
    properties = {"day": {"type": "string", "default": "Sun"}, "hour": {"default": 8}}
    schema = {"type": "object", "properties": properties}
    at = "/api/v1/preference-schemas/digest"
    assert rest("PUT", at, schema).status == 201
    night = {"from": "00:00", "to": "23:59", "timezone": "UTC"}
    quiet = {"default": night}
    assert rest("PUT", "/api/v1/preference-schemas/quiet_hours", quiet).status == 201
    new(rest, content, spec={"user_ids": list(users.values())})
    (message,) = messages(rest)
    assert message["preference_defaults"] == {
        "digest": {"day": "Sun", "hour": 8},
        "quiet_hours": night,
    }
    assert message["preferences"] == {
        users["states"]: {"digest": {"day": "Mon", "hour": 8}},
        users["none"]: {"language": "de"},
    }
    assert message["quiet_hours"].keys() == set(users.values())
    for user in users.values():
        shown = rest("GET", f"/api/v1/users/{user}/preferences/effective").json["values"]
        stated = message["preferences"].get(user, {})
        assert {**message["preference_defaults"], **stated} == shown


def test_a_distribution_without_users_has_no_defaults(rest: Rest, content: str) -> None:
    assert rest("PUT", "/api/v1/preference-schemas/digest", {"default": 1}).status == 201
    new(rest, content)
    assert messages(rest)[0]["preference_defaults"] == {}


def test_quiet_hours_are_those_at_the_time_of_sending(rest: Rest, content: str) -> None:
    users = {name: str(rest.user("viewer")) for name in ("night", "day", "wrong", "none")}
    zone = "Europe/Berlin"
    for name, value in (
        ("night", {"from": "21:00", "to": "08:00", "timezone": zone}),
        ("day", {"from": "09:00", "to": "17:00", "timezone": zone}),
        ("wrong", {"from": "9", "to": "17:00", "timezone": zone}),
    ):
        rest.create("preferences", user_id=users[name], key="quiet_hours", value=value)
    made = new(rest, content, spec={"user_ids": list(users.values())}, scheduled_at=FUTURE)
    rest.database.rows("UPDATE distributions SET scheduled_at = now() RETURNING 1")

    class Night:
        def now(self) -> datetime:
            return datetime(2099, 3, 29, 0, 30, tzinfo=UTC)  # the clocks go forward at 1:00

    started(rest, Night())
    (message,) = messages(rest)
    assert message["distribution_id"] == made.json["id"]
    assert message["quiet_hours"] == {
        users["night"]: {"quiet": True, "until": "2099-03-29T06:00:00Z", "fault": None},
        users["day"]: {"quiet": False, "until": None, "fault": None},
        users["wrong"]: {
            "quiet": False,
            "until": None,
            "fault": "from must be a time as HH:MM, from 00:00 to 23:59",
        },
    }
    rest.database.rows("UPDATE distribution_handovers SET available_at = now() RETURNING 1")
    leased = lease(rest).json
    assert leased["quiet_hours"] == message["quiet_hours"]


def test_a_scheduled_one_waits_for_its_time(rest: Rest, content: str) -> None:
    later = new(rest, content, scheduled_at=FUTURE)
    draft = new(rest, content, status="draft")
    assert (tick(rest), messages(rest)) == (0, [])
    assert patch(rest, later, scheduled_at=PAST).status == 200
    assert patch(rest, draft, status="scheduled").status == 200
    assert [shown(rest, one)["status"] for one in (later, draft)] == ["sending", "sending"]
    rest.database.rows("UPDATE distributions SET status = 'scheduled' WHERE channel = 'email'")
    assert tick(rest) == 2


def test_one_waits_until_its_content_is_published(rest: Rest) -> None:
    content = rest.create("contents", title="Draft")
    made = new(rest, content.json["id"])
    assert (tick(rest), shown(rest, made)["status"]) == (0, "scheduled")
    published = rest("POST", f"{content.location}/publish", headers={"If-Match": "*"})
    assert published.status == 200
    assert tick(rest) == 1
    assert shown(rest, made)["content_version"] == 2
    assert messages(rest)[0]["callback_url"] == "https://x.test/api/v1/deliveries/callbacks"


def test_many_schedulers_start_each_once(
    rest: Rest, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        new(rest, content, scheduled_at=FUTURE)
    rest.database.rows("UPDATE distributions SET scheduled_at = now()")

    def one(_: int) -> int:
        mine = Rest.beside(rest)
        try:
            return tick(mine)
        finally:
            mine.database.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(8))) == 30
    assert len({one["distribution_id"] for one in messages(rest)}) == len(messages(rest)) == 30
    # Without the look at the status, the same ones go out again with every run.
    monkeypatch.setattr(statements, "DUE", statements.DUE.replace("d.status = 'scheduled'", "true"))
    tick(rest)
    assert len(messages(rest)) == 60


def test_one_can_be_cancelled_until_it_goes_out(rest: Rest, content: str) -> None:
    waiting, out = new(rest, content, scheduled_at=FUTURE), new(rest, content)
    for _ in range(2):
        reply = act(rest, waiting, "cancel")
        assert (reply.status, reply.json["status"]) == (200, "cancelled")
    assert act(rest, out, "cancel").status == 409
    assert rest("POST", f"{PATH}/{uuid4()}/cancel").status == 404
    assert tick(rest) == 0


def test_a_race_of_cancel_and_start_has_one_winner(rest: Rest, content: str) -> None:
    made = [new(rest, content, scheduled_at=FUTURE) for _ in range(12)]
    rest.database.rows("UPDATE distributions SET scheduled_at = now()")

    def cancel(one: Reply) -> bool:
        mine = Rest.beside(rest)
        try:
            return act(mine, one, "cancel").status == 200
        finally:
            mine.database.close()

    with ThreadPoolExecutor(4) as pool:
        cancelled = [pool.submit(cancel, one) for one in made]
        starter = Rest.beside(rest)
        tick(starter)
        starter.database.close()
        won = {one.json["id"] for one, done in zip(made, cancelled, strict=True) if done.result()}
    tick(rest)  # what a cancel had locked and then lost
    sent = {one["distribution_id"] for one in messages(rest)}
    assert sent | won == {one.json["id"] for one in made}
    assert not sent & won


def test_one_that_has_gone_out_cannot_go_again(rest: Rest, content: str) -> None:
    made = new(rest, content)
    for fields in ({"status": "scheduled"}, {"spec": {"a": 1}}, {"scheduled_at": FUTURE}):
        assert patch(rest, made, **fields).status == 409
    assert patch(rest, made, status="failed").status == 200
    assert len(messages(rest)) == 1


@pytest.mark.parametrize("users", ["all", ["x"], [1], [None], ["0"] * 1_001, {}])
def test_users_are_a_list_of_ids(rest: Rest, content: str, users: object) -> None:
    body = {"content_id": content, "channel": "email", "spec": {"user_ids": users}}
    reply = rest("POST", PATH, body)
    assert (reply.status, reply.pointers) == (422, {"/spec/user_ids"})


def test_a_message_too_large_for_a_queue_fails_alone(rest: Rest, content: str) -> None:
    large = new(rest, content, spec={"text": "x" * MESSAGE_BYTES_MAX})
    assert shown(rest, large)["error"]["class"] == "bad_input"
    assert shown(rest, large)["status"] == "failed"
    fine = new(rest, content)
    assert [one["distribution_id"] for one in messages(rest)] == [fine.json["id"]]


def test_a_lease_holds_the_message_of_the_queue(rest: Rest, content: str) -> None:
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


def test_many_are_leased_in_order_and_by_channel(rest: Rest, content: str) -> None:
    made = [new(rest, content).json["id"] for _ in range(3)]
    assert lease(rest, channels=["fax"], max=10).json == {"items": []}
    assert [one["distribution_id"] for one in lease(rest, max=2).json["items"]] == made[:2]
    assert lease(rest, channels=["fax", "email"]).json["distribution_id"] == made[2]


def test_a_completed_one_waits_for_deliveries_under_way(rest: Rest, content: str) -> None:
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


def test_two_workers_never_hold_one(rest: Rest, content: str) -> None:
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
        rest.database.rows("UPDATE distribution_handovers SET available_at = now()")
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
        rest.database.rows("UPDATE distribution_handovers SET leased_until = now()")
        return expire_leases(work=rest.parts.work(), clock=rest.parts.clock)

    for attempt in range(1, 6):
        assert lease(rest).json["attempt"] == attempt
        assert expire() == (attempt == 5)
    assert shown(rest, made)["error"]["class"] == "lease_expired"
    assert shown(rest, made)["status"] == "failed"


def test_what_deliveries_have_ended_is_not_leased_again(rest: Rest, content: str) -> None:
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
