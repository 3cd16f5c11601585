"""Changes of a delivery by a publisher's reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from groundwork_core.publishing.delivery_updates import DeliveryState, DeliveryUpdate, moved

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
OF = UUID("01997c5e-0000-7000-8000-000000000000")


def update(status: str, **more: object) -> DeliveryUpdate:
    return DeliveryUpdate.model_validate(
        {"distribution_id": OF, "recipient": "ada", "status": status, **more}
    )


def known(status: str, at: datetime | None = AT) -> DeliveryState:
    return DeliveryState(OF, "ada", status, state_at=at)


@pytest.mark.parametrize(
    ("status", "seconds", "reported", "then"),
    [
        ("pending", 1, "sent", "moves"),
        ("sent", 1, "delivered", "moves"),
        ("sent", 1, "failed", "moves"),
        ("sent", 1, "pending", "moves"),
        ("failed", 1, "delivered", "moves"),
        ("delivered", 1, "failed", "moves"),
        ("delivered", 1, "sent", "stays"),
        ("failed", 1, "pending", "stays"),
        ("sent", 0, "delivered", "moves"),
        ("sent", 0, "sent", "stays"),
        ("delivered", 0, "failed", "stays"),
        ("sent", -1, "delivered", "stays"),
        ("pending", -1, "sent", "stays"),
        ("delivered", -1, "failed", "stays"),
    ],
)
def test_the_state_of_a_delivery_only_moves_forward(
    status: str, seconds: int, reported: str, then: str
) -> None:
    after = moved(known(status), update(reported), AT + timedelta(seconds=seconds))
    assert (after is None) == (then == "stays")
    assert after is None or after.status == reported


def test_a_delivery_without_reports_takes_the_state_of_the_first_one() -> None:
    assert moved(known("sent", None), update("pending"), AT) is not None
    assert moved(known("delivered", None), update("sent"), AT) is None
    assert moved(None, update("pending"), AT) == known("pending")


def test_times_errors_and_attempts_follow_the_state() -> None:
    sent = moved(known("pending"), update("sent", attempt=2, external_id="m1"), AT + timedelta(1))
    assert sent is not None
    assert (sent.sent_at, sent.delivered_at) == (AT + timedelta(1), None)
    failed = moved(sent, update("failed", error={"message": "full"}), AT + timedelta(2))
    assert failed is not None
    assert (failed.error, failed.attempt, failed.external_id) == ({"message": "full"}, 2, "m1")
    delivered = moved(failed, update("delivered"), AT + timedelta(3))
    assert delivered == replace(
        failed,
        status="delivered",
        error=None,
        state_at=AT + timedelta(3),
        delivered_at=AT + timedelta(3),
    )
