"""Callbacks of publishers: signed, applied once, and only forward."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_core.publishing import delivery_updates, take_callback
from groundwork_core.publishing.end_distributions import end_all_finished
from groundwork_core.publishing.remembered_secrets import UNKNOWN
from groundwork_core.publishing.signatures import REFUSED
from groundwork_data.postgres.callbacks import PostgresCallbacks

from ....standard_webhooks import signed
from .conftest import Reply, Rest

PATH = "/api/v1/deliveries/callbacks"
NUMBERS = count(1)


def now(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class Stopped:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Publisher:
    """A publisher that sends callbacks."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.made = rest.create("publishers", name="Mailer")
        self.secret = self.made.json["secret"]

    def signed(
        self, body: str, id_: str, *, secret: str | None = None, seconds: int = 0
    ) -> dict[str, str]:
        return signed(secret or self.secret, id_, body, seconds=seconds)

    def __call__(self, *updates: object, id_: str = "", secret: str | None = None) -> Reply:
        data = updates[0] if len(updates) == 1 else list(updates)
        body = json.dumps({"type": "delivery.updated", "timestamp": now(), "data": data})
        headers = self.signed(body, id_ or f"msg_{next(NUMBERS)}", secret=secret)
        return self.rest("POST", PATH, body, token=None, headers=headers)

    def sends(self, *updates: object, id_: str = "") -> dict[str, Any]:
        reply = self(*updates, id_=id_)
        assert reply.status == 200, reply.text
        shown: dict[str, Any] = reply.json
        return shown


@pytest.fixture
def publisher(rest: Rest) -> Publisher:
    return Publisher(rest)


@pytest.fixture
def sending(rest: Rest) -> str:
    content = rest.create("contents", title="On engines").json["id"]
    made = rest.create("distributions", content_id=content, channel="email", status="sending")
    return str(made.json["id"])


def update(of: str, recipient: str = "ada", status: str = "delivered", **more: object) -> Any:
    return {"distribution_id": of, "recipient": recipient, "status": status, **more}


def delivery(rest: Rest, of: str, recipient: str = "ada") -> dict[str, Any]:
    query = {"distribution_id": of, "recipient": recipient}
    (found,) = rest("GET", "/api/v1/deliveries", query=query).json["items"]
    shown: dict[str, Any] = found
    return shown


def status_of(rest: Rest, distribution: str) -> str:
    return str(rest("GET", f"/api/v1/distributions/{distribution}").json["status"])


def test_a_delivery_is_made_and_moves_forward(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    first = publisher.sends(update(sending, status="sent", external_id="m1", attempt=1))
    assert first == {
        "received": 1, "applied": 1, "stale": 0, "unknown": 0, "conflicting": 0, "repeated": False,
    }  # fmt: skip
    made = delivery(rest, sending)
    assert (made["status"], made["external_id"], made["attempt"]) == ("sent", "m1", 1)
    assert status_of(rest, sending) == "sending"
    publisher.sends(update(sending))
    assert delivery(rest, sending)["delivered_at"] is not None
    assert status_of(rest, sending) == "sent"


def test_an_older_state_changes_nothing(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.sends(update(sending, status="failed", error="full", occurred_at=now(-10)))
    late = update(sending, status="sent", occurred_at=now(-20))
    assert publisher.sends(late)["stale"] == 1
    kept = delivery(rest, sending)
    assert (kept["status"], kept["error"]) == ("failed", {"message": "full"})
    # Without the guard the late report wins.
    monkeypatch.setattr(delivery_updates, "_newer", lambda *_: True)
    publisher.sends(late)
    assert delivery(rest, sending)["status"] == "sent"


def test_the_order_within_a_callback_does_not_matter(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    reported = publisher.sends(
        update(sending, status="delivered", occurred_at=now(-1)),
        update(sending, status="sent", occurred_at=now(-2)),
        update(sending, "eve", status="sent"),
    )
    assert (reported["applied"], delivery(rest, sending)["status"]) == (3, "delivered")
    assert delivery(rest, sending)["sent_at"] is not None


def test_the_same_id_again_changes_nothing(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.sends(update(sending), id_="msg_same")
    gone = f"/api/v1/deliveries/{delivery(rest, sending)['id']}"
    assert rest("DELETE", gone, headers={"If-Match": "*"}).status == 204
    again = publisher.sends(update(sending), id_="msg_same")
    assert (again["repeated"], again["applied"]) == (True, 0)
    query = {"distribution_id": sending}
    assert rest("GET", "/api/v1/deliveries", query=query).json["items"] == []
    # Without the claim of its id the callback is applied again.
    monkeypatch.setattr(PostgresCallbacks, "claim", lambda *_: "claimed")
    publisher.sends(update(sending), id_="msg_same")
    assert delivery(rest, sending)["status"] == "delivered"


def test_two_publishers_may_use_the_same_id(rest: Rest, publisher: Publisher, sending: str) -> None:
    other = Publisher(rest)
    publisher.sends(update(sending), id_="msg_1")
    assert other.sends(update(sending, "eve"), id_="msg_1")["applied"] == 1


FORGERIES: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no headers": lambda _: {},
    "another id": lambda good: {**good, "webhook-id": "msg_other"},
    "another time": lambda good: {
        **good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)
    },
    "no version": lambda good: {**good, "webhook-signature": good["webhook-signature"][3:]},
    "cut": lambda good: {**good, "webhook-signature": good["webhook-signature"][:-2]},
    "not base64": lambda good: {**good, "webhook-signature": "v1,\u00e9\u00e9"},
    "empty": lambda good: {**good, "webhook-signature": "v1,"},
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGERIES)
def test_a_signature_that_does_not_hold_is_refused_with_one_answer(
    rest: Rest, publisher: Publisher, sending: str, forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    headers = FORGERIES[forged](publisher.signed(body, "msg_forged"))
    reply = rest("POST", PATH, body, token=None, headers=headers)
    assert (reply.status, reply.json["detail"]) == (401, REFUSED)
    assert "WWW-Authenticate" in reply.headers
    # What is no JSON at all is refused alike: nothing is decoded before.
    assert rest("POST", PATH, "{", token=None, headers=headers).json == reply.json
    # Nor does an account help.
    assert rest("POST", PATH, body, headers=headers).status == 401
    # Without the check of signatures, whoever sends well-formed headers is believed.
    monkeypatch.setattr(take_callback, "is_signed_with", lambda *_: True)
    well_formed = {**publisher.signed(body, "msg_x"), "webhook-signature": "v1,AAAA"}
    assert rest("POST", PATH, body, token=None, headers=well_formed).status == 200


@pytest.mark.parametrize(("seconds", "status"), [(-360, 401), (-240, 200), (240, 200), (360, 401)])
def test_a_clock_may_be_five_minutes_off(
    rest: Rest, publisher: Publisher, sending: str, seconds: int, status: int
) -> None:
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    headers = publisher.signed(body, "msg_clock", seconds=seconds)
    assert rest("POST", PATH, body, token=None, headers=headers).status == status


def test_both_secrets_hold_for_a_day_after_a_rotation(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    rotated = rest("POST", f"{publisher.made.location}/rotate")
    assert (rotated.status, rotated.json["version"]) == (200, 2)
    new = rotated.json["secret"]
    assert new not in ("", publisher.secret)
    for secret in (publisher.secret, new):
        assert publisher(update(sending), secret=secret).status == 200
    rest.database.rows("UPDATE publisher_secrets SET previous_until = now() - interval '1 s'")
    rest.parts.publisher_secrets.forget()
    assert publisher(update(sending)).status == 401
    assert publisher(update(sending), secret=new).status == 200
    missing = rest("POST", f"/api/v1/publishers/{uuid4()}/rotate")
    assert missing.status == 404


def test_a_disabled_publisher_is_refused(rest: Rest, publisher: Publisher, sending: str) -> None:
    off = rest("PATCH", publisher.made.location, {"enabled": False}, headers={"If-Match": "*"})
    assert off.status == 200
    assert publisher(update(sending)).status == 401


def test_the_secret_is_shown_once_and_does_not_travel(rest: Rest, publisher: Publisher) -> None:
    new = rest("POST", f"{publisher.made.location}/rotate").json["secret"]
    shown = rest("GET", publisher.made.location).text + rest("GET", "/api/v1/publishers").text
    rows = rest.database.rows(
        "SELECT to_jsonb(o)::text FROM outbox o UNION ALL"
        " SELECT to_jsonb(a)::text FROM audit_events a"
    )
    reported = shown + "\n".join(row[0] for row in rows)
    assert "Mailer" in reported
    assert publisher.secret not in reported
    assert new not in reported


def test_a_thousand_fit_one_callback(rest: Rest, publisher: Publisher, sending: str) -> None:
    many = [update(sending, f"reader {n}") for n in range(1_000)]
    assert publisher.sends(*many)["applied"] == 1_000
    assert status_of(rest, sending) == "sent"
    reply = publisher(*many, update(sending))
    assert (reply.status, reply.pointers) == (422, {"/data"})


def test_a_signed_body_with_faults_says_where(publisher: Publisher, sending: str) -> None:
    good = update(sending)
    assert publisher(good, {**good, "status": "lost"}).pointers == {"/data/1/status"}
    assert publisher({**good, "status": "lost"}).pointers == {"/data/status"}
    reply = publisher({**good, "occurred_at": now(3_600)})
    assert (reply.status, reply.pointers) == (422, {"/data/0/occurred_at"})


def test_what_concerns_nothing_here_is_counted(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    reported = publisher.sends(
        update(str(uuid4())),
        update(sending, external_id="m1"),
        update(sending, "eve", external_id="m1"),
    )
    assert (reported["unknown"], reported["applied"], reported["conflicting"]) == (1, 1, 1)
    assert delivery(rest, sending)["external_id"] == "m1"


def test_a_distribution_is_sent_when_a_client_ends_the_last_delivery(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    made = rest.create("deliveries", distribution_id=sending, recipient="ada")
    publisher.sends(update(sending, "eve"))
    assert status_of(rest, sending) == "sending"
    rest("PATCH", made.location, {"status": "failed"}, headers={"If-Match": "*"})
    assert status_of(rest, sending) == "sent"


def test_the_audit_log_names_the_publisher(rest: Rest, publisher: Publisher, sending: str) -> None:
    publisher.sends(update(sending))
    rows = rest.database.rows(
        "SELECT actor FROM audit_events WHERE subject_id = %s AND after ->> 'status' = 'sent'",
        [sending],
    )
    assert rows == [(f"publisher:{publisher.made.json['id']}",)]


def test_the_last_two_deliveries_may_end_at_the_same_time(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    def end(recipient: str) -> int:
        mine = Rest.beside(rest)
        sender = Publisher.__new__(Publisher)
        sender.rest, sender.secret = mine, publisher.secret
        try:
            return sender(update(sending, recipient)).status
        finally:
            mine.database.close()

    publisher.sends(*(update(sending, f"r{n}", "sent") for n in range(8)))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(end, (f"r{n}" for n in range(8)))) == {200}
    assert status_of(rest, sending) == "sent"


def test_a_flood_of_bad_signatures_hardly_asks_the_database(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    publisher.sends(update(sending))
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    forged = {**publisher.signed(body, "msg_flood"), "webhook-signature": "v1,AAAA"}
    rest.parts.clock = Stopped(rest.parts.clock.now())
    before = rest.database.statements
    for _ in range(100):
        assert rest("POST", PATH, body, token=None, headers=forged).status == 401
    assert rest.database.statements - before <= 1


def test_a_publisher_is_known_as_soon_as_it_is_made(rest: Rest, sending: str) -> None:
    clock = rest.parts.clock = Stopped(rest.parts.clock.now())
    for n in range(3):
        made = Publisher(rest)
        clock.at += UNKNOWN + timedelta(milliseconds=1)
        assert made.sends(update(sending, f"r{n}"))["applied"] == 1


def test_callbacks_about_other_recipients_do_not_wait(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    with psycopg.connect(rest.url) as other:  # as a callback about eve that has not committed
        callbacks = PostgresCallbacks(other)
        callbacks.share_distributions([(UUID(sending), "eve", "m1")])
        assert publisher(update(sending, "ada", "sent", external_id="m2")).status == 200
        with psycopg.connect(rest.url) as third:
            third.execute("SET lock_timeout = '50ms'")
            for same in (("eve", None), ("bob", "m1")):
                with pytest.raises(psycopg.errors.LockNotAvailable), third.transaction():
                    PostgresCallbacks(third).share_distributions([(UUID(sending), *same)])
            # Whoever needs the whole distribution waits as well.
            with pytest.raises(psycopg.errors.LockNotAvailable), third.transaction():
                PostgresCallbacks(third).lock_distributions({UUID(sending)})


def test_what_a_killed_process_left_is_ended_by_the_sweep(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_callback, "end_finished", lambda *_, **__: None)
    publisher.sends(update(sending))
    assert status_of(rest, sending) == "sending"
    parts = rest.parts
    ended = end_all_finished(work=parts.work(), finished=parts.finished_distributions)
    assert (ended, status_of(rest, sending)) == (1, "sent")
