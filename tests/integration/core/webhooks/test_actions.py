"""Actions of webhooks: test, rotate and replay; and how long messages are kept."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import WebhookVerificationError

from groundwork_core.retention.remove_expired import remove_expired
from groundwork_core.webhooks import replay_events
from groundwork_data.postgres import retention

from ....webhook_receiver import answering
from .conftest import Office

ALL_RECEIVED = "UPDATE outbox_cursors SET xid = pg_snapshot_xmax(pg_current_snapshot()) RETURNING 1"
LONG_AGO = "2026-01-01T00:00:00Z"


def test_a_test_message_is_sent_once_to_a_webhook_of_any_events(office: Office) -> None:
    office.receiver.answers["/a"] = answering(500)
    webhook = office.webhook("/a")
    queued = office.act(webhook, "test")
    assert queued.status == 202
    office.go()
    (received,) = office.receiver.at("/a")
    assert received.id == queued.json["message_id"]
    assert received.event(webhook.json["secret"])["type"] == "webhooks.test"
    assert office.messages(webhook) == ["failed"]
    assert office.state(webhook)["status"] == "ok"  # it says nothing about events
    office.go()
    assert len(office.receiver.all) == 1


def test_both_secrets_sign_for_a_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = office.webhook("/a")
    first = webhook.json["secret"]
    rotated = office.act(webhook, "rotate")
    second = rotated.json["secret"]
    assert (rotated.status, rotated.json["id"]) == (200, webhook.json["id"])
    assert second not in (first, None)

    def signed_by(*secrets: str) -> None:
        office.publish()
        office.go()
        received = office.receiver.all[-1]
        assert len(received.headers["webhook-signature"].split(" ")) == len(secrets)
        for secret in secrets:
            assert received.event(secret)

    signed_by(first, second)
    third = office.act(webhook, "rotate").json["secret"]
    signed_by(second, third)
    with pytest.raises(WebhookVerificationError):
        office.receiver.all[-1].event(first)
    monkeypatch.setattr("tests.standard_webhooks.TOLERANCE_SECONDS", 2 * 86_400)
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Tomorrow)
    office.clock.forward(hours=25)
    signed_by(third)
    encrypted = office.sql("SELECT encrypted, previous FROM webhook_secrets")
    assert all(one not in str(encrypted) for one in (first, second, third))


class Tomorrow(datetime):
    """The clock of the library, a day and an hour later."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + timedelta(hours=25)


def test_secrets_of_an_earlier_release_are_encrypted_and_sign(office: Office) -> None:
    webhook = office.webhook("/a")
    old = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    office.sql("UPDATE webhooks SET secret = %s RETURNING 1", old)
    office.sql("DELETE FROM webhook_secrets RETURNING 1")
    office.publish()
    office.go()
    assert office.receiver.all[0].event(old)["type"] == "contents.published"
    assert office.sql("SELECT secret FROM webhooks") == [(None,)]
    ((encrypted,),) = office.sql("SELECT encrypted FROM webhook_secrets")
    assert encrypted.startswith("gw1.")
    assert office.state(webhook)["status"] == "ok"


def test_a_secret_that_cannot_be_decrypted_is_a_failed_attempt_that_says_so(office: Office) -> None:
    webhook, other = office.webhook("/a"), office.webhook("/b")
    office.sql(
        "UPDATE webhook_secrets SET encrypted = (SELECT encrypted FROM webhook_secrets"
        " WHERE webhook_id = %s) WHERE webhook_id = %s RETURNING 1",
        *(one.json["id"] for one in (other, webhook)),
    )
    office.publish()
    office.go()
    (attempt,) = office.attempts(webhook)
    assert attempt["error"].startswith("A stored secret was changed, or copied")
    assert len(office.receiver.at("/b")) == 1
    secret = office.act(webhook, "rotate").json["secret"]
    office.clock.forward(seconds=10)
    office.send()
    assert office.receiver.at("/a")[0].event(secret)


def made_in_order(office: Office) -> None:
    """Let no two events have one time, nor a later one an earlier time."""
    office.sql(
        "UPDATE outbox SET created_at = now() - interval '1 hour' + id * interval '1 s' RETURNING 1"
    )


def test_a_replay_sends_events_again_in_order_with_their_ids(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_events, "CHUNK", 3)
    webhook = office.webhook("/a", max_in_flight=1)
    contents = office.publish(8)
    office.go()
    sent = [one.id for one in office.receiver.at("/a")]
    made_in_order(office)
    ((since,),) = office.sql(
        "SELECT created_at FROM outbox WHERE aggregate_id = %s AND became = 'published'",
        contents[3],
    )
    replayed = office.act(webhook, "replay", {"since": since.isoformat()})
    assert (replayed.status, replayed.json["queued"], replayed.json["more"]) == (202, 5, False)
    assert office.state(webhook)["pending"] == 5
    office.go()
    again = [one.id for one in office.receiver.at("/a")][8:]
    assert again == sent[3:]
    numbers = [one["number"] for one in office.attempts(webhook)]
    assert numbers == [1] * 13
    # Events that it had not asked for then are sent as well.
    office.rest(
        "PATCH", webhook.location, {"events": ["contents.created"]}, headers={"If-Match": "*"}
    )
    assert office.act(webhook, "replay", {"since": LONG_AGO}).json["queued"] == 8


def test_a_long_replay_is_called_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_events, "CHUNK", 4)
    monkeypatch.setattr(replay_events, "REPLAY_MAX", 3)
    webhook = office.webhook("/a")
    office.publish(6)
    made_in_order(office)
    since, queued, calls = LONG_AGO, 0, 0
    while True:
        reply = office.act(webhook, "replay", {"since": since}).json
        calls += 1
        queued += reply["queued"]
        if not reply["more"]:
            break
        since = reply["until"]
    assert calls > 1
    assert queued >= 6
    office.send()
    assert len({one.id for one in office.receiver.all}) == 6


@pytest.mark.parametrize(
    "body", [{}, {"since": 5}, {"since": "yesterday"}, {"since": "2099-01-01"}]
)
def test_a_replay_since_a_future_time_is_refused(office: Office, body: dict[str, object]) -> None:
    reply = office.act(office.webhook("/a"), "replay", body)
    assert (reply.status, reply.pointers) == (422, {"/since"})


def test_a_missing_resource_is_404(office: Office) -> None:
    nowhere = f"/api/v1/webhooks/{uuid4()}"
    for verb in ("test", "rotate", "enable"):
        assert office.rest("POST", f"{nowhere}/{verb}").status == 404
    assert office.rest("POST", f"{nowhere}/replay", {"since": LONG_AGO}).status == 404
    assert office.rest("GET", f"{nowhere}/attempts").status == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"events": ["contents.publishd"]}, "/events/0"),
        ({"events": ["contents.created", "everything"]}, "/events/1"),
        ({"events": []}, "/events"),
        ({"max_in_flight": 0}, "/max_in_flight"),
        ({"max_in_flight": 21}, "/max_in_flight"),
        ({"owner_id": str(uuid4())}, "/owner_id"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_a_webhook_is_checked(office: Office, fields: dict[str, object], pointer: str) -> None:
    new = {"url": "https://example.org/", "events": ["contents.created"], **fields}
    reply = office.rest("POST", "/api/v1/webhooks", new)
    assert (reply.status, reply.pointers) == (422, {pointer})


def expire(office: Office) -> None:
    remove_expired(work=office.rest.parts.work(), clock=office.clock)


def test_outbox_rows_are_kept_while_webhook_messages_need_them(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receiver.answers["/a"] = answering(500)
    office.webhook("/a")
    office.publish(2)
    office.rest.create("entities", name="E", type="person")
    office.go()
    # Every other destination has received everything as well.
    office.sql(ALL_RECEIVED)
    kept = "SELECT count(*) FROM outbox"
    office.clock.forward(hours=25)
    expire(office)
    expire(office)  # its place does not make it forget or remove
    assert office.sql(kept) == [(2,)]
    del office.receiver.answers["/a"]
    office.send()
    assert len({one.id for one in office.receiver.all}) == 2
    office.clock.forward(days=7)
    expire(office)
    assert office.sql(kept) == [(0,)]
    assert office.sql("SELECT count(*) FROM webhook_messages") == [(0,)]
    assert office.sql("SELECT count(*) FROM webhook_attempts") == [(0,)]
    # Without the look at messages, an event is gone before it is sent.
    office.publish()
    office.relay()
    office.sql(ALL_RECEIVED)
    loose = retention.OUTBOX.replace("WHERE m.outbox_id = o.id", "WHERE false")
    monkeypatch.setattr(retention, "OUTBOX", loose)
    expire(office)
    assert office.sql(kept) == [(0,)]


def test_a_rotation_is_in_the_audit_log(office: Office) -> None:
    webhook = office.webhook("/a")
    office.act(webhook, "rotate")
    items = office.rest("GET", "/api/v1/audit-events", query={"subject_id": webhook.json["id"]})
    actions = [one["action"] for one in items.json["items"]]
    assert actions == ["webhooks.rotated", "webhooks.created"]
