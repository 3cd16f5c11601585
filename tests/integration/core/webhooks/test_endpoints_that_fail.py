"""Endpoints that fail: schedule, circuit, warnings, disabling; and endpoints that attack."""

import ipaddress
import threading
import time
from datetime import datetime
from typing import Any

import pytest

from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_core.webhooks import schedule, send_due
from groundwork_core.webhooks.schedule import OPENS_AFTER, PAUSES_SECONDS
from groundwork_data.web import connecting, message_poster
from groundwork_data.web.message_poster import MessagePoster

from ....waiting import eventually
from ....webhook_receiver import Answers, Received, answering
from ...functions.rest_api.conftest import Reply
from .conftest import Office


def due_in_seconds(office: Office) -> float:
    """When the one pending message is due, from now by the office's clock."""
    ((due_at,),) = office.sql("SELECT due_at FROM webhook_messages WHERE status = 'pending'")
    seconds: float = (due_at - office.clock.now()).total_seconds()
    return seconds


def test_a_message_is_attempted_ten_times_with_one_id(office: Office) -> None:
    office.receiver.answers["/a"] = answering(500, "out of order")
    webhook = office.webhook("/a")
    office.publish()
    office.relay()
    for number, pause in enumerate(PAUSES_SECONDS, 1):
        if number > 1:
            assert pause - 5 < due_in_seconds(office) <= pause * 1.1
            office.send()  # not before its time
            assert len(office.receiver.all) == number - 1
        office.clock.forward(seconds=pause * 1.1 + 3_600)
        office.send()
        assert len(office.receiver.all) == number
    assert len({one.id for one in office.receiver.all}) == 1
    assert len({one.body for one in office.receiver.all}) == 1
    assert office.messages(webhook) == ["failed"]
    attempts = office.attempts(webhook)
    assert [one["number"] for one in attempts] == list(range(1, 11))
    assert {one["status"] for one in attempts} == {500}
    assert {one["response"] for one in attempts} == {"out of order"}
    assert {one["error"] for one in attempts} == {"The endpoint answered 500."}


def test_a_failing_endpoint_is_shown_and_recovers(office: Office) -> None:
    office.receiver.answers["/a"] = answering(503)
    webhook = office.webhook("/a")
    office.publish()
    office.go()
    state = office.state(webhook)
    assert (state["status"], state["last_status"], state["pending"]) == ("failing", 503, 1)
    assert state["failing_since"] is not None
    etag = office.rest("GET", webhook.location).etag
    del office.receiver.answers["/a"]
    office.clock.forward(seconds=10)
    office.send()
    state = office.state(webhook)
    assert (state["status"], state["failing_since"], state["pending"]) == ("ok", None, 0)
    assert office.rest("GET", webhook.location).etag != etag
    assert office.shown(webhook)["version"] == webhook.json["version"]


@pytest.mark.parametrize(("asked", "kept"), [("120", 120), ("86400", 86_400), ("999999", 86_400)])
def test_retry_after_is_kept_in_full(office: Office, asked: str, kept: int) -> None:
    office.receiver.answers["/a"] = answering(429, Retry_After=asked)
    office.webhook("/a")
    office.publish()
    office.go()
    assert kept - 5 < due_in_seconds(office) <= kept
    office.publish()  # nor does another message of the endpoint go earlier
    office.go()
    assert len(office.receiver.all) == 1
    office.clock.forward(seconds=kept)
    office.send()
    assert len(office.receiver.all) > 1


def test_410_disables_and_enable_goes_on(office: Office) -> None:
    watcher = office.webhook("/watch", "webhooks.disabled")
    office.receiver.answers["/a"] = answering(410)
    webhook = office.webhook("/a")
    office.publish()
    office.go()
    assert office.shown(webhook)["enabled"] is False
    assert office.state(webhook)["status"] == "disabled"
    assert office.state(webhook)["last_status"] == 410
    office.publish()
    office.go()
    assert office.messages(webhook) == ["pending", "held"]
    assert len(office.receiver.at("/a")) == 1
    (message,) = office.receiver.at("/watch")
    assert message.event(watcher.json["secret"])["data"]["state"]["status"] == "disabled"
    assert audited(office, webhook) == ["webhooks.disabled"]
    for verb in ("test", "replay"):
        body = {"since": "2026-01-01T00:00:00Z"} if verb == "replay" else None
        assert office.act(webhook, verb, body).status == 409
    del office.receiver.answers["/a"]
    enabled = office.act(webhook, "enable")
    assert (enabled.status, enabled.json["enabled"]) == (200, True)
    assert enabled.json["state"]["status"] == "ok"
    office.go()
    assert office.messages(webhook) == ["delivered", "held"]
    again = office.act(webhook, "replay", {"since": "2026-01-01T00:00:00Z"})
    assert (again.status, again.json["queued"]) == (202, 2)
    office.go()
    assert office.messages(webhook) == ["delivered", "delivered"]


def audited(office: Office, webhook: Reply) -> list[str]:
    """Return the audit events of a webhook other than changes of its row."""
    items = office.rest("GET", "/api/v1/audit-events", query={"subject_id": webhook.json["id"]})
    return [
        one["action"] for one in items.json["items"][::-1] if one["detail"] and not one["after"]
    ]


def test_five_days_of_failures_warn_and_then_disable(office: Office) -> None:
    watcher = office.webhook("/watch", "webhooks.failing", "webhooks.disabled")
    office.receiver.answers["/a"] = answering(500)
    webhook = office.webhook("/a")
    office.publish()
    office.go()

    def later(days: float) -> None:
        office.clock.forward(days=days)
        office.publish()
        office.go()
        office.go()  # events about the webhook itself are carried and sent as well

    later(2.4)
    assert audited(office, webhook) == []
    later(0.2)
    assert audited(office, webhook) == ["webhooks.failing"]
    assert office.shown(webhook)["enabled"] is True
    later(2.2)
    assert audited(office, webhook) == ["webhooks.failing"]
    later(0.3)
    assert audited(office, webhook) == ["webhooks.failing", "webhooks.disabled"]
    assert office.state(webhook)["status"] == "disabled"
    types = [one.body.split(b'"')[3] for one in office.receiver.at("/watch")]
    assert types == [b"webhooks.failing", b"webhooks.disabled"]
    live = office.sql(
        "SELECT data -> 'state' ->> 'status' FROM outbox WHERE became = 'failing'"
        " AND kind = 'updated' AND aggregate = 'webhooks'"
    )
    assert live == [("failing",)]
    assert office.state(watcher)["status"] == "ok"


def test_an_open_circuit_burns_no_attempts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.receiver.answers["/a"] = answering(500)
    webhook = office.webhook("/a")
    office.publish(OPENS_AFTER + 10)
    office.go()
    made = len(office.receiver.all)
    assert OPENS_AFTER <= made <= OPENS_AFTER + 2
    untouched = "SELECT count(*) FROM webhook_messages WHERE attempts = 0"
    assert office.sql(untouched) == [(OPENS_AFTER + 10 - made,)]
    office.clock.forward(seconds=10)
    office.send()
    assert len(office.receiver.all) == made
    office.clock.forward(seconds=60)
    office.send()  # half open: one tries, and it opens for longer
    assert len(office.receiver.all) == made + 1
    # A test is sent all the same.
    assert office.act(webhook, "test").status == 202
    office.go()
    assert len(office.receiver.all) == made + 2
    del office.receiver.answers["/a"]
    office.clock.forward(hours=1)
    office.send()
    assert office.messages(webhook).count("pending") == 0
    # Without the circuit every message is attempted at the endpoint that is down.
    monkeypatch.setattr(schedule, "OPENS_AFTER", 10_000)
    office.receiver.answers["/a"] = answering(500)
    office.publish(OPENS_AFTER + 10)
    before = len(office.receiver.all)
    office.go()
    assert len(office.receiver.all) >= before + OPENS_AFTER + 10


@pytest.mark.parametrize("guarded", [True, False])
def test_a_hanging_endpoint_delays_nobody(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    monkeypatch.setattr(send_due, "THREADS", 4)
    monkeypatch.setattr(send_due, "FAILING_THREADS", 2)
    monkeypatch.setattr(send_due, "PROMISE_SECONDS", 5.0)  # it looks for more
    let_go = threading.Event()

    def hang(_to: Answers, _of: Received) -> None:
        let_go.wait(60)

    office.receiver.answers["/hang"] = hang
    # The guard taken away: the endpoint may have all threads.
    hanging = office.webhook("/hang", max_in_flight=2 if guarded else 20)
    office.publish(10)
    office.relay()
    sender = office.sender(post=office.poster(total_seconds=60.0))
    run = threading.Thread(target=sender.run, args=(lambda: 1_000.0,))
    run.start()
    try:
        assert eventually(lambda: len(office.receiver.at("/hang")) == (2 if guarded else 4))
        office.webhook("/a", "contents.created")
        office.publish(5)
        office.relay()
        came = eventually(
            lambda: len(office.receiver.at("/a")) == 5, within_seconds=30 if guarded else 2
        )
        assert came is guarded
    finally:
        monkeypatch.setattr(send_due, "PROMISE_SECONDS", 0.0)  # enough has been seen
        let_go.set()
        run.join()
    assert {one["status"] for one in office.attempts(hanging)} == {None}


def test_endless_answers_end(office: Office) -> None:
    office.receiver.answers |= {"/stream": office.receiver.stream, "/drip": office.receiver.drip}
    streaming, dripping = office.webhook("/stream"), office.webhook("/drip")
    office.publish()
    began = time.monotonic()
    office.go()
    assert time.monotonic() - began < 10
    (attempt,) = office.attempts(streaming)  # its status has said that it was taken
    assert (attempt["status"], attempt["response"][:10]) == (200, "more more ")
    assert len(attempt["response"]) <= 1_024
    (attempt,) = office.attempts(dripping)
    assert (attempt["status"], attempt["error"]) == (None, "The answer took longer than 1 s.")


def test_a_redirect_is_a_failure_and_is_not_followed(office: Office) -> None:
    for path, to in (("/meta", "http://169.254.169.254/latest/meta-data/"), ("/own", "/secret")):
        office.receiver.answers[path] = answering(307, Location=to)
    hooks = [office.webhook("/meta"), office.webhook("/own")]
    office.publish()
    office.go()
    for hook in hooks:
        (attempt,) = office.attempts(hook)
        assert attempt["status"] == 307
        assert attempt["error"] == "The endpoint answered 307; redirects are not followed."
    assert office.receiver.at("/secret") == []


class Rebinding:
    """A name that is public at the first look-up, and this machine at later ones."""

    def __init__(self, later: str) -> None:
        self.later = ipaddress.ip_address(later)
        self.asked = 0

    def __call__(self, _host: str, _port: int, _seconds: float) -> list[Address]:
        self.asked += 1
        return [ipaddress.ip_address("8.8.8.8")] if self.asked == 1 else [self.later]


@pytest.mark.parametrize("later", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"])
def test_a_name_that_becomes_private_is_refused(
    office: Office, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    real = connecting.exchange

    def noted(address: Address, **more: Any) -> Any:
        went.append(str(address))
        if str(address) == "8.8.8.8":
            raise ConnectionRefusedError
        return real(address, **more)

    monkeypatch.setattr(message_poster, "exchange", noted)
    names = Rebinding(later)
    poster = MessagePoster(AllowedTargets(), resolver=names, total_seconds=1.0)
    hook = office.rest.create(
        "webhooks",
        url=f"http://hooks.example.org:{office.receiver.port}/x",
        events=["contents.published"],
    )
    office.publish()
    office.relay()
    for _ in range(2):
        office.send(post=poster)
        office.clock.forward(seconds=60)
    errors = [one["error"] for one in office.attempts(hook)]
    assert errors == [
        "The server refused the connection.",
        "hooks.example.org has an address that is not public.",
    ]
    assert (names.asked, went) == (2, ["8.8.8.8"])  # one look-up an attempt, and its address alone
    if later == "127.0.0.1":
        # Without the check at the attempt, the message arrives inside.
        monkeypatch.setattr(AllowedTargets, "permits", lambda *_: True)
        office.send(post=poster)
        office.clock.forward(hours=1)
        office.send(post=poster)
        assert len(office.receiver.at("/x")) == 1


def test_an_event_that_is_gone_ends_its_message(office: Office) -> None:
    webhook = office.webhook("/a")
    office.publish()
    office.relay()
    office.sql("DELETE FROM outbox RETURNING 1")
    office.send()
    assert office.messages(webhook) == ["expired"]
    assert office.receiver.all == []


def test_an_error_of_ours_is_tried_again(office: Office) -> None:
    def broken(*_: object) -> Any:
        message = "no"
        raise RuntimeError(message)

    webhook = office.webhook("/a")
    office.publish()
    office.relay()
    office.send(post=broken)
    (attempt,) = office.attempts(webhook)
    assert attempt["error"] == "Sending failed because of an internal error."
    office.clock.forward(seconds=10)
    office.send()
    assert office.messages(webhook) == ["delivered"]
    assert datetime.fromisoformat(attempt["at"]) < office.clock.now()
