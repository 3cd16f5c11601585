"""The schedule of attempts for one message."""

from datetime import datetime
from typing import Any

import pytest

from groundwork_core.webhooks.schedule import PAUSES_SECONDS

from ....webhook_receiver import answering
from .conftest import Office


def due_in_seconds(office: Office) -> float:
    """Time until the one pending message is due, by the office's clock."""
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
    assert {one["error"] for one in attempts} == {"The endpoint responded with 500."}


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


def test_a_deleted_event_ends_its_message(office: Office) -> None:
    webhook = office.webhook("/a")
    office.publish()
    office.relay()
    office.sql("DELETE FROM outbox RETURNING 1")
    office.send()
    assert office.messages(webhook) == ["expired"]
    assert office.receiver.all == []


def test_a_message_is_tried_again_after_an_internal_error(office: Office) -> None:
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
