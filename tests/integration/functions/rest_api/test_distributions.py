"""Distributions: how they go out, when, and with what."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from groundwork_core.publishing.distribution_message import MESSAGE_BYTES_MAX
from groundwork_data.postgres import distributions as statements

from .conftest import Reply, Rest
from .distributions import FUTURE, PAST, PATH, act, messages, new, shown, started


def tick(rest: Rest) -> int:
    return started(rest, rest.parts.clock, "https://x.test")


def patch(rest: Rest, made: Reply, **fields: object) -> Reply:
    return rest("PATCH", made.location, fields, headers={"If-Match": "*"})


def test_a_due_distribution_goes_out_at_once_with_its_version(rest: Rest, content: str) -> None:
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


def test_a_scheduled_distribution_waits_for_its_time(rest: Rest, content: str) -> None:
    later = new(rest, content, scheduled_at=FUTURE)
    draft = new(rest, content, status="draft")
    assert (tick(rest), messages(rest)) == (0, [])
    assert patch(rest, later, scheduled_at=PAST).status == 200
    assert patch(rest, draft, status="scheduled").status == 200
    assert [shown(rest, one)["status"] for one in (later, draft)] == ["sending", "sending"]
    rest.database.rows("UPDATE distributions SET status = 'scheduled' WHERE channel = 'email'")
    assert tick(rest) == 2


def test_a_distribution_waits_until_its_content_is_published(rest: Rest) -> None:
    content = rest.create("contents", title="Draft")
    made = new(rest, content.json["id"])
    assert (tick(rest), shown(rest, made)["status"]) == (0, "scheduled")
    published = rest("POST", f"{content.location}/publish", headers={"If-Match": "*"})
    assert published.status == 200
    assert tick(rest) == 1
    assert shown(rest, made)["content_version"] == 2
    assert messages(rest)[0]["callback_url"] == "https://x.test/api/v1/deliveries/callbacks"


def test_many_schedulers_start_each_distribution_once(
    rest: Rest, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        new(rest, content, scheduled_at=FUTURE)
    rest.database.rows("UPDATE distributions SET scheduled_at = now() - interval '1 s'")

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


def test_a_distribution_can_be_cancelled_until_it_is_sent(rest: Rest, content: str) -> None:
    waiting, out = new(rest, content, scheduled_at=FUTURE), new(rest, content)
    for _ in range(2):
        reply = act(rest, waiting, "cancel")
        assert (reply.status, reply.json["status"]) == (200, "cancelled")
    assert act(rest, out, "cancel").status == 409
    assert rest("POST", f"{PATH}/{uuid4()}/cancel").status == 404
    assert tick(rest) == 0


def test_a_race_of_cancel_and_start_has_one_winner(rest: Rest, content: str) -> None:
    made = [new(rest, content, scheduled_at=FUTURE) for _ in range(12)]
    rest.database.rows("UPDATE distributions SET scheduled_at = now() - interval '1 s'")

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


def test_a_distribution_cannot_be_sent_twice(rest: Rest, content: str) -> None:
    made = new(rest, content)
    for fields in ({"status": "scheduled"}, {"spec": {"a": 1}}, {"scheduled_at": FUTURE}):
        assert patch(rest, made, **fields).status == 409
    assert patch(rest, made, status="failed").status == 200
    assert len(messages(rest)) == 1


def test_a_message_too_large_for_a_queue_fails_alone(rest: Rest, content: str) -> None:
    large = new(rest, content, spec={"text": "x" * MESSAGE_BYTES_MAX})
    assert shown(rest, large)["error"]["class"] == "bad_input"
    assert shown(rest, large)["status"] == "failed"
    fine = new(rest, content)
    assert [one["distribution_id"] for one in messages(rest)] == [fine.json["id"]]
