"""A write's message reaches its endpoint: signed, once, with one id, in order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from standardwebhooks import WebhookVerificationError

from groundwork_core.webhooks import send_due
from groundwork_data.postgres import webhooks_sql

from ....webhook_receiver import answering
from ...functions.rest_api.conftest import MINT, Reply
from .conftest import Office


def test_an_event_reaches_its_endpoint_signed(office: Office) -> None:
    webhook = office.webhook("/a")
    (content,) = office.publish()
    office.rest("PATCH", f"/api/v1/contents/{content}", {"title": "B"}, headers={"If-Match": "*"})
    office.go()
    (received,) = office.receiver.at("/a")  # a later change does not publish it again
    event = received.event(webhook.json["secret"])
    assert event["type"] == "contents.published"
    assert (event["data"]["id"], event["data"]["title"]) == (content, "On engines")
    assert set(event) == {"type", "timestamp", "data"}
    with pytest.raises(WebhookVerificationError):
        received.event(office.webhook("/b").json["secret"])
    (attempt,) = office.attempts(webhook)
    assert (attempt["status"], attempt["number"], attempt["error"]) == (204, 1, None)
    assert attempt["message_id"] == received.id
    assert attempt["type"] == "contents.published"
    assert office.state(webhook) == {
        "status": "ok",
        "failing_since": None,
        "last_status": 204,
        "pending": 0,
    }


def test_each_webhook_gets_the_events_it_subscribed_to(office: Office) -> None:
    office.webhook("/a", "contents.created", "contents.deleted", max_in_flight=1)
    office.webhook("/b", "contents.draft", "entities.created")
    office.webhook("/c", "contents.created", enabled=False)
    made = office.rest.create("contents", title="T")
    office.rest("DELETE", made.location, headers={"If-Match": "*"})
    office.go()
    got = {
        path: [one.body.split(b'"')[3].decode() for one in all_]
        for path, all_ in office.receiver.by_path().items()
    }
    assert got == {"/a": ["contents.created", "contents.deleted"], "/b": ["contents.draft"]}


def test_messages_are_sent_in_the_order_of_the_commits(office: Office) -> None:
    office.webhook("/a", max_in_flight=1)
    contents = office.publish(30)
    office.go()
    sent = [one.body.decode() for one in office.receiver.at("/a")]
    assert len(sent) == 30
    assert all(content in body for content, body in zip(contents, sent, strict=True))


def test_events_show_only_columns_of_the_resource(office: Office) -> None:
    hook = office.webhook("/a", "jobs.created", "webhooks.updated")
    office.rest.create("jobs", kind="extract", payload={"a": 1})
    office.act(hook, "rotate")
    office.go()
    bodies = b"".join(one.body for one in office.receiver.at("/a"))
    assert b'"payload"' in bodies
    for hidden in (b"lease_token", b"sort_key", b"party", b"secret"):
        assert hidden not in bodies


def test_only_what_its_owner_may_read_is_sent(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = office.rest.user("admin")
    new = {"url": f"{office.receiver.url}/a", "events": ["contents.published", "users.created"]}
    made = office.rest("POST", "/api/v1/webhooks", new, token=MINT.token(owner))
    assert made.json["owner_id"] == str(owner)

    def happen() -> None:
        office.publish()
        office.rest.create("users", email=f"u{uuid4()}@example.org", roles=["viewer"])
        office.relay()

    def change(what: str) -> list[str]:
        """Change the owner between relay and sender; return what became of two events."""
        happen()
        office.sql(f"UPDATE users SET {what} WHERE id = %s RETURNING id", owner)
        office.send()
        return office.messages(made)[-2:]

    assert change("name = 'N'") == ["delivered", "delivered"]
    assert change("roles = '{service}'") == ["delivered", "withheld"]
    assert change("status = 'disabled'") == ["withheld", "withheld"]
    assert len(office.receiver.all) == office.messages(made).count("delivered")
    # Without the look at the owner's rights, what they may not read is sent.
    monkeypatch.setattr(send_due, "withheld", lambda *_: False)
    assert change("name = 'M'") == ["delivered", "delivered"]


def test_the_user_who_sets_the_address_becomes_the_owner_of_a_webhook(office: Office) -> None:
    webhook = office.webhook("/a", "users.created")
    role = {"name": "hooks", "permissions": ["webhooks:read", "webhooks:write", "contents:read"]}
    office.rest.create("roles", **role)
    user = office.rest.user("hooks")
    token = MINT.token(user)

    def patch(**fields: object) -> Reply:
        headers = {"If-Match": "*"}
        return office.rest("PATCH", webhook.location, fields, token=token, headers=headers)

    assert patch(url=f"{office.receiver.url}/mine").status == 403
    assert patch(events=["users.updated"]).status == 403
    assert office.shown(webhook)["owner_id"] == webhook.json["owner_id"] != str(user)
    changed = patch(events=["contents.published"], url=f"{office.receiver.url}/mine")
    assert (changed.status, changed.json["owner_id"]) == (200, str(user))
    assert patch(max_in_flight=1).json["owner_id"] == str(user)
    new = {"url": "https://example.org/", "events": ["users.created"]}
    assert office.rest("POST", "/api/v1/webhooks", new, token=token).status == 403


def test_two_senders_share_endpoints_and_send_each_message_once(office: Office) -> None:
    for path in ("/a", "/b", "/c", "/d"):
        office.webhook(path, max_in_flight=1)
    office.publish(12)
    office.relay()
    senders = [office.sender() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: one.run(lambda: 1_000.0), senders))
    for all_ in office.receiver.by_path().values():
        assert len(all_) == len({one.id for one in all_}) == 12


def test_only_one_of_two_senders_leases_an_endpoint(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = [0], [0]
    lock, too_many = threading.Lock(), threading.Event()
    seconds = 0.02
    office.rest.parts.post_message = office.poster(total_seconds=60.0, response_seconds=60.0)

    def slowly(to: object, _of: object) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if most[0] > 2:
                too_many.set()
        too_many.wait(seconds)
        with lock:
            running[0] -= 1
        to.say(200)  # type: ignore[attr-defined]

    office.receiver.answers["/a"] = slowly
    office.webhook("/a")

    def both() -> int:
        most[0] = 0
        office.publish(12)
        office.relay()
        senders = [office.sender() for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda one: one.run(lambda: 1_000.0), senders))
        return most[0]

    assert both() <= 2
    # Without the lease both send, and more than `max_in_flight` messages are on their way.
    loose = webhooks_sql.LEASE.replace("s.leased_until <= %(now)s)", "true)")
    monkeypatch.setattr(webhooks_sql, "LEASE", loose)
    seconds = 30.0  # the first responses wait for the requests of the other sender
    assert both() > 2


def test_a_sender_is_called_unless_one_runs(office: Office) -> None:
    office.webhook("/a")
    office.relay()
    woken = office.woken
    office.publish()
    office.relay()
    assert office.woken == woken + 1
    office.sql("UPDATE relay_lease SET awake_until = now() + interval '5 s' RETURNING 1")
    office.publish()
    office.relay()
    assert office.woken == woken + 1


def test_two_relays_add_each_message_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = office.webhook("/a")
    office.publish(20)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.relay(limit=3), range(4)))
    office.relay()
    assert len(office.messages(webhook)) == 20
    # A relay that was killed before its commit, or set back, finds them there.
    office.sql("UPDATE outbox_cursors SET xid = '0', id = 0 RETURNING 1")
    office.relay()
    assert len(office.messages(webhook)) == 20
    office.send()
    assert len({one.id for one in office.receiver.at("/a")}) == 20
    assert len(office.receiver.at("/a")) == 20


def test_a_viewer_sees_no_webhooks(office: Office) -> None:
    webhook = office.webhook("/a")
    token = MINT.token(office.rest.user("viewer"))
    for verb in ("test", "rotate", "enable", "replay"):
        reply = office.rest("POST", f"{webhook.location}/{verb}", {}, token=token)
        assert reply.status == 403
    assert office.rest("GET", f"{webhook.location}/attempts", token=token).status == 403


def test_a_sender_that_ends_wakes_another_one(office: Office) -> None:
    office.receiver.answers["/a"] = answering(200)
    office.webhook("/a")
    office.publish(3)
    office.relay()
    woken: list[int] = []
    left = iter([1_000.0, *([send_due.RESERVE_SECONDS - 1] * 1_000)])
    office.sender(wake_another=lambda: woken.append(1)).run(lambda: next(left))
    assert woken == [1]
    assert office.sql("SELECT leased_until FROM webhook_states") == [(None,)]
    office.send()
    assert len({one.id for one in office.receiver.at("/a")}) == 3


def test_a_failing_source_is_an_event_but_its_polls_are_not(office: Office) -> None:
    webhook = office.webhook("/a", "sources.failing", "sources.ok", max_in_flight=1)
    source = office.rest.create(
        "sources",
        name="Feed",
        url="https://example.org/feed",
        schedule={"kind": "interval", "every_seconds": 900},
    )
    for status in ("ok", "unchanged", "failing", "failing", "unchanged", "ok"):
        office.sql(
            "UPDATE source_states SET status = %s, error_class = %s WHERE source_id = %s"
            " RETURNING 1",
            status,
            "timeout" if status == "failing" else None,
            source.json["id"],
        )
    office.go()
    events = [one.event(webhook.json["secret"]) for one in office.receiver.at("/a")]
    assert [one["type"] for one in events] == ["sources.failing", "sources.ok"]
    assert events[0]["data"]["state"]["status"] == "failing"
    assert events[0]["data"]["url"] == source.json["url"]
    assert "credentials" not in events[0]["data"]
