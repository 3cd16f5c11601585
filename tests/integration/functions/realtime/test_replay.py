"""Missed events are replayed in one order and without gaps."""

import threading

import pytest

from groundwork_core.realtime import subscribe as subscribing
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.live import LiveDestination
from groundwork_data.postgres.listeners import PostgresNumberedOutbox
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Live
from .listening import listen


def test_missed_changes_are_replayed_from_since(live: Live) -> None:
    for number in range(5):
        live.entity(str(number))
    live.carry()
    socket = live.open()

    listen(live, socket, "entities", since=2)
    live.entity("new")
    live.carry()

    assert live.sockets.of(socket)[0] == {"type": "subscribed", "topics": ["entities"], "seq": 2}
    assert [m["seq"] for m in live.sockets.changes(socket)] == [3, 4, 5, 6]


def test_a_long_replay_is_sent_in_slices_in_order(live: Live) -> None:
    live.database.rows(
        "INSERT INTO entities (name, type) SELECT n, 'topic' FROM generate_series(1, 1500) n"
    )
    live.carry()
    socket = live.open()

    listen(live, socket, "entities", since=0)

    assert [m["seq"] for m in live.sockets.changes(socket)] == list(range(1, 1501))
    assert len(live.sockets.of(socket, "subscribed")) == 1


@pytest.mark.parametrize("since", [0, 99])
def test_a_since_that_cannot_be_replayed_gets_reset(live: Live, since: int) -> None:
    for number in range(5):
        live.entity(str(number))
    live.carry()
    live.database.rows("DELETE FROM outbox WHERE seq <= 2")
    socket = live.open()

    listen(live, socket, "entities", since=since)

    assert live.sockets.of(socket) == [
        {"type": "reset"},
        {"type": "subscribed", "topics": ["entities"], "seq": 5},
    ]


def gaps(live: Live) -> tuple[list[int], list[int]]:
    """Subscribe from the beginning while writers write and the relay carries."""
    stop = threading.Event()
    writers = [live.databases() for _ in range(3)]
    relay = live.databases()

    def write(number: int) -> None:
        for place in range(80):
            writers[number].rows(
                "INSERT INTO entities (name, type) VALUES (%s, 'topic')", (f"{number}-{place}",)
            )

    def relay_on() -> None:
        while not stop.is_set():
            carry(LiveDestination(live.sockets), PostgresUnitOfWork(relay), limit=20)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    carrying = threading.Thread(target=relay_on)
    carrying.start()
    for thread in threads:
        thread.start()
    sockets = []
    for _ in range(12):
        socket = live.open()
        listen(live, socket, "entities", since=0)
        sockets.append(socket)
    for thread in threads:
        thread.join()
    stop.set()
    carrying.join()
    live.carry()
    found = [[m["seq"] for m in live.sockets.changes(socket)] for socket in sockets]
    wrong = next((seqs for seqs in found if seqs != list(range(1, 241))), found[0])
    return wrong, list(range(1, 241))


def test_a_replay_during_concurrent_writes_has_no_gap_and_no_disorder(live: Live) -> None:
    found, expected = gaps(live)

    assert found == expected


def test_without_the_lock_a_replay_has_gaps_or_disorder(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay carries in the middle of a replay, between its reading and its listening."""
    monkeypatch.setattr(PostgresNumberedOutbox, "lock", lambda self, destination: None)
    relay = live.databases()
    plain = subscribing._Replay.finish

    def interrupted(self: subscribing._Replay, since: int | None) -> bool:
        alive = plain(self, since)
        relay.rows("INSERT INTO entities (name, type) VALUES ('in between', 'topic')")
        live.carry(relay)
        return alive

    monkeypatch.setattr(subscribing._Replay, "finish", interrupted)
    socket = live.open()
    listen(live, socket, "entities", since=0)
    live.entity("after")
    live.carry()

    assert [m["seq"] for m in live.sockets.changes(socket)] == [2]
