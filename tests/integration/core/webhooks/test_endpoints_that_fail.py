"""Endpoints that fail: the state shown, the circuit, warnings and disabling."""

import pytest

from groundwork_core.webhooks import schedule
from groundwork_core.webhooks.schedule import OPENS_AFTER

from ....webhook_receiver import answering
from ...functions.rest_api.conftest import Reply
from .conftest import Office


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


def test_a_410_disables_a_webhook_until_it_is_enabled_again(office: Office) -> None:
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


def test_an_open_circuit_counts_no_attempts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
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
