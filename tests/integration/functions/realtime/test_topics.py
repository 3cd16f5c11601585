"""Subscribers get the changes of their topics."""

from uuid import uuid4

import pytest

from groundwork_core.errors import Forbidden, Invalid, Unauthenticated
from groundwork_core.realtime.connect import disconnect
from groundwork_core.realtime.subscribe import unsubscribe
from groundwork_data.postgres.listeners import PostgresNumberedOutbox

from .conftest import Live
from .listening import listen


def test_a_change_is_sent_to_the_listeners_of_its_topic(live: Live) -> None:
    one, two = live.open(), live.open()
    listen(live, one, "entities")
    listen(live, two, "jobs")

    made = live.entity("Ada")
    live.database.rows("UPDATE entities SET name = 'Ada Lovelace'")
    live.database.rows("DELETE FROM entities")
    live.carry()

    messages = live.sockets.changes(one)
    assert [(m["topic"], m["type"]) for m in messages] == [
        ("entities", "created"), ("entities", "updated"), ("entities", "deleted"),
    ]  # fmt: skip
    assert [m["data"]["name"] for m in messages[:2]] == ["Ada", "Ada Lovelace"]
    assert messages[0]["data"]["id"] == str(made)
    assert [m["seq"] for m in messages] == [1, 2, 3]
    assert live.sockets.of(one)[0] == {"type": "subscribed", "topics": ["entities"], "seq": 0}
    assert live.sockets.changes(two) == []


def test_an_entitys_topic_has_its_events_and_those_of_its_relationships(live: Live) -> None:
    ada, bob, eve = live.entity("Ada"), live.entity("Bob"), live.entity("Eve")
    live.carry()
    socket = live.open()
    listen(live, socket, f"entity:{str(ada).upper()}")

    live.database.rows(
        "INSERT INTO relationships (from_id, to_id, type) VALUES (%s, %s, 'KNOWS'),"
        " (%s, %s, 'KNOWS'), (%s, %s, 'KNOWS')",
        (ada, bob, bob, ada, bob, eve),
    )
    live.database.rows("UPDATE entities SET name = upper(name)")
    live.carry()

    messages = live.sockets.changes(socket)
    assert {m["topic"] for m in messages} == {f"entity:{ada}"}
    assert [m["data"].get("type") for m in messages] == ["KNOWS", "KNOWS", "topic"]


def test_a_jobs_progress_is_announced_without_our_own_columns(live: Live) -> None:
    socket = live.open()
    listen(live, socket, "jobs")
    live.database.rows("INSERT INTO jobs (kind) VALUES ('extract')")
    live.database.rows("UPDATE jobs SET progress = 0.5")
    live.carry()

    created, progress = live.sockets.changes(socket)
    assert (created["type"], progress["type"]) == ("created", "progress")
    assert progress["data"]["progress"] == 0.5
    assert not {"lease_owner", "idempotency_key"} & set(progress["data"])


def test_a_subscription_needs_a_known_topic_and_its_permission(live: Live) -> None:
    socket = live.open()
    live.database.rows(
        "UPDATE socket_connections SET permissions = '{entities:read}' WHERE connection_id = %s",
        (socket,),
    )
    with pytest.raises(Forbidden):
        listen(live, socket, "jobs")
    with pytest.raises(Forbidden):
        listen(live, socket, f"entity:{uuid4()}")
    for wrong in ("users", "entity:x", "entity:", ""):
        with pytest.raises(Invalid):
            listen(live, socket, wrong)
    with pytest.raises(Unauthenticated):
        listen(live, "never opened", "entities")


def test_unsubscribing_and_closing_end_a_subscription(live: Live) -> None:
    socket, closed = live.open(), live.open()
    listen(live, socket, "entities", "jobs")
    listen(live, closed, "entities")
    unsubscribe(socket, ["entities"], work=live.work(), sockets=live.sockets)
    disconnect(closed, work=live.work())
    live.entity("Ada")
    live.carry()

    assert live.sockets.of(socket)[-1] == {"type": "unsubscribed", "topics": ["jobs"]}
    assert live.sockets.changes(socket) == live.sockets.changes(closed) == []


def test_after_a_crash_events_are_posted_again_with_the_same_seq(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = live.open()
    listen(live, socket, "entities")
    live.entity("Ada")
    with monkeypatch.context() as patch:

        def crash(*_: object) -> None:
            message = "killed"
            raise KeyboardInterrupt(message)

        patch.setattr(PostgresNumberedOutbox, "number", crash)
        with pytest.raises(KeyboardInterrupt):
            live.carry()
    live.entity("Bob")
    live.carry()

    messages = [(m["seq"], m["data"]["name"]) for m in live.sockets.changes(socket)]
    assert messages == [(1, "Ada"), (1, "Ada"), (2, "Bob")]
