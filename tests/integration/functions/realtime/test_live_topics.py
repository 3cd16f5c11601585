"""Subscribers get every change of their topics, once, in commit order, without gaps."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from groundwork_core.errors import Forbidden, Invalid, Unauthenticated
from groundwork_core.realtime import subscribe as subscribing
from groundwork_core.realtime.connect import connect, disconnect
from groundwork_core.realtime.subscribe import subscribe, unsubscribe
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.live import LiveDestination
from groundwork_data.postgres.listeners import PostgresNumberedOutbox
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Live


def listen(live: Live, socket: str, *topics: str, since: int | None = None) -> None:
    subscribe(socket, topics, since, work=live.work(), sockets=live.sockets)


def test_a_ticket_opens_one_of_twenty_sockets(live: Live) -> None:
    ticket = live.ticket()
    databases = [live.databases() for _ in range(20)]
    gate = threading.Barrier(20)

    def try_to_open(number: int) -> bool:
        work = PostgresUnitOfWork(databases[number])
        gate.wait(10)
        try:
            connect(str(number), ticket, work=work)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(try_to_open, range(20)))

    assert sum(opened) == 1


def test_an_old_or_unknown_ticket_opens_nothing(live: Live) -> None:
    for ticket in (live.ticket(age_seconds=31), "", "unknown", "\0"):
        with pytest.raises(Unauthenticated):
            connect("socket", ticket, work=live.work())


@pytest.mark.parametrize("change", ["status = 'disabled'", "roles = '{service}'"])
def test_a_ticket_of_a_user_who_may_do_less_by_now_opens_nothing(live: Live, change: str) -> None:
    ticket = live.ticket()
    live.database.rows(f"UPDATE users SET {change}")
    with pytest.raises(Unauthenticated):
        connect("socket", ticket, work=live.work())


def test_a_change_reaches_those_who_listen_to_its_topic(live: Live) -> None:
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


def test_topics_need_permissions_and_must_exist(live: Live) -> None:
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


def test_unsubscribing_and_closing_end_it(live: Live) -> None:
    socket, closed = live.open(), live.open()
    listen(live, socket, "entities", "jobs")
    listen(live, closed, "entities")
    unsubscribe(socket, ["entities"], work=live.work(), sockets=live.sockets)
    disconnect(closed, work=live.work())
    live.entity("Ada")
    live.carry()

    assert live.sockets.of(socket)[-1] == {"type": "unsubscribed", "topics": ["jobs"]}
    assert live.sockets.changes(socket) == live.sockets.changes(closed) == []


def test_a_socket_that_is_gone_is_forgotten(live: Live) -> None:
    gone, there = live.open(), live.open()
    listen(live, gone, "entities")
    listen(live, there, "entities")
    live.sockets.gone.add(gone)
    live.entity("Ada")
    live.carry()

    assert len(live.sockets.changes(there)) == 1
    assert live.database.rows("SELECT connection_id FROM socket_connections") == [(there,)]


def test_what_was_missed_is_replayed_from_since(live: Live) -> None:
    for number in range(5):
        live.entity(str(number))
    live.carry()
    socket = live.open()

    listen(live, socket, "entities", since=2)
    live.entity("new")
    live.carry()

    assert live.sockets.of(socket)[0] == {"type": "subscribed", "topics": ["entities"], "seq": 2}
    assert [m["seq"] for m in live.sockets.changes(socket)] == [3, 4, 5, 6]


def test_a_long_replay_comes_in_slices_in_one_order(live: Live) -> None:
    live.database.rows(
        "INSERT INTO entities (name, type) SELECT n, 'topic' FROM generate_series(1, 1500) n"
    )
    live.carry()
    socket = live.open()

    listen(live, socket, "entities", since=0)

    assert [m["seq"] for m in live.sockets.changes(socket)] == list(range(1, 1501))
    assert len(live.sockets.of(socket, "subscribed")) == 1


@pytest.mark.parametrize("since", [0, 99])
def test_a_place_that_cannot_be_replayed_says_reset(live: Live, since: int) -> None:
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


def test_a_crash_after_posting_posts_the_same_places_again(
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


@pytest.mark.parametrize("change", [
    "UPDATE users SET sessions_valid_from = clock_timestamp() + interval '1 second'",
    "UPDATE users SET status = 'disabled'",
    "UPDATE users SET roles = '{service}'",
    "SET groundwork.change_builtin_roles = on;"
    "UPDATE roles SET permissions = array_remove(permissions, 'entities:read')",
    "DELETE FROM users",
])  # fmt: skip
def test_a_revoked_users_sockets_are_closed_at_once(live: Live, change: str) -> None:
    socket = live.open()
    listen(live, socket, "entities")

    live.database.rows(change)
    live.entity("secret")
    live.carry()

    assert live.sockets.closed == [socket]
    assert live.sockets.changes(socket) == []


def test_a_change_that_takes_nothing_away_leaves_sockets_open(live: Live) -> None:
    live.open()
    live.database.rows("UPDATE users SET name = 'V', roles = '{viewer,editor}'")
    live.carry()

    assert live.sockets.closed == []


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


def test_without_the_lock_a_replay_would_have_gaps_or_disorder(
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
