"""Callbacks of publishers change the state of deliveries."""

from uuid import uuid4

import pytest

from groundwork_core.publishing import delivery_updates
from groundwork_data.postgres import callback_one_sql

from .callbacks import Publisher, delivery, now, status_of, update
from .conftest import Rest


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
    claims_another_id = callback_one_sql.TAKE_ONE_NEW.replace("$3", "$3 || uuidv7()")
    monkeypatch.setattr(callback_one_sql, "TAKE_ONE_NEW", claims_another_id)
    publisher.sends(update(sending), id_="msg_same")
    assert delivery(rest, sending)["status"] == "delivered"


def test_two_publishers_may_use_the_same_id(rest: Rest, publisher: Publisher, sending: str) -> None:
    other = Publisher(rest)
    publisher.sends(update(sending), id_="msg_1")
    assert other.sends(update(sending, "eve"), id_="msg_1")["applied"] == 1


def test_a_thousand_fit_one_callback(rest: Rest, publisher: Publisher, sending: str) -> None:
    many = [update(sending, f"reader {n}") for n in range(1_000)]
    assert publisher.sends(*many)["applied"] == 1_000
    assert status_of(rest, sending) == "sent"
    reply = publisher(*many, update(sending))
    assert (reply.status, reply.pointers) == (422, {"/data"})


def test_faults_of_a_signed_body_are_reported_with_pointers(
    publisher: Publisher, sending: str
) -> None:
    good = update(sending)
    assert publisher(good, {**good, "status": "lost"}).pointers == {"/data/1/status"}
    assert publisher({**good, "status": "lost"}).pointers == {"/data/status"}
    reply = publisher({**good, "occurred_at": now(3_600)})
    assert (reply.status, reply.pointers) == (422, {"/data/0/occurred_at"})


def test_a_callback_about_known_deliveries_takes_two_round_trips_and_about_new_ones_one(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    publisher.sends(update(sending, "eve", "sent"))
    for updates, most in (
        ([update(sending, "ada", "sent")], 1),
        ([update(sending, "ada", "sent", occurred_at=now(1))], 2),
        ([update(sending, name, "sent") for name in ("bob", "cid")], 1),
        ([update(sending, name, "sent", occurred_at=now(1)) for name in ("bob", "dan")], 2),
    ):
        before = rest.database.statements
        assert publisher.sends(*updates)["applied"] == len(updates)
        assert rest.database.statements - before == most


@pytest.mark.parametrize("several", [False, True])
def test_a_repeated_callback_about_known_deliveries_changes_nothing(
    rest: Rest, publisher: Publisher, sending: str, *, several: bool
) -> None:
    names = ["ada", "eve"] if several else ["ada"]
    publisher.sends(*(update(sending, name, "sent") for name in names))
    for repeated in (False, True):
        reported = publisher.sends(*(update(sending, name) for name in names), id_="msg_known")
        assert reported["repeated"] is repeated
        assert reported["applied"] == (0 if repeated else len(names))
    assert delivery(rest, sending)["version"] == 2


def test_known_and_new_deliveries_fit_one_callback(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    publisher.sends(update(sending, status="sent", external_id="m1"))
    reported = publisher.sends(
        update(sending, "eve", external_id="m2"),
        update(sending),
        update(sending, "bob", external_id="m1"),
        update(str(uuid4()), "bob"),
    )
    counted = {name: count for name, count in reported.items() if count}
    assert counted == {"received": 4, "applied": 2, "conflicting": 1, "unknown": 1}
    assert (delivery(rest, sending)["version"], delivery(rest, sending, "eve")["version"]) == (2, 1)
    assert delivery(rest, sending)["external_id"] == "m1"


def test_unknown_and_conflicting_updates_are_counted(
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
