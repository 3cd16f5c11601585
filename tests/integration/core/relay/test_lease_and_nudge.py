"""Writers nudge the relay only when it sleeps, and no row is left behind in between."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow
from pydantic import JsonValue

from groundwork_core.relay import carrier, promise
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.relay_lease import AwakeUntil, PostgresRelayLease
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime.relay.run import run
from groundwork_runtime.relay_nudge import QueueNudge
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....waiting import eventually
from .conftest import Collecting, announce

Databases = Callable[[], Database]


class CountingQueue:
    """Counts messages, and may do something for each."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.sent = 0
        self._then = then

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        self.sent += len(messages)
        self._then()


class BrokenQueue:
    """Takes nothing."""

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        raise ConnectionError


@pytest.fixture
def parts(database_url: str) -> Iterator[Wiring]:
    """The parts of a relay without configured destinations."""
    made = Wiring(Settings.from_environment({"DATABASE_URL": database_url}))
    yield made
    made.database.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promises short enough for a test."""
    monkeypatch.setattr(promise, "PROMISE_SECONDS", 0.3)
    monkeypatch.setattr(promise, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(promise, "TICK_SECONDS", 0.02)


def test_only_one_of_two_relays_has_and_extends_the_lease(databases: Databases) -> None:
    one, two = PostgresRelayLease(databases()), PostgresRelayLease(databases())

    until = one.take(30)
    assert until is not None
    assert two.take(30) is None
    assert 0 < two.remaining_seconds() <= 30
    prolonged = one.extend(until, 60)
    assert prolonged is not None
    assert prolonged > until
    assert two.extend(until, 60) is None


def test_an_expired_relay_lease_is_taken_over(databases: Databases) -> None:
    one, two = PostgresRelayLease(databases()), PostgresRelayLease(databases())
    until = one.take(0.05)
    assert until is not None
    time.sleep(0.1)

    assert two.remaining_seconds() <= 0
    assert two.take(30) is not None
    assert one.extend(until, 60) is None


def test_a_writer_nudges_a_sleeping_relay_once_and_a_running_one_never(
    databases: Databases,
) -> None:
    queue = CountingQueue()
    lease = PostgresRelayLease(databases())
    nudge = QueueNudge(AwakeUntil(lease), lambda: queue)

    nudge()
    nudge()
    assert queue.sent == 1
    lease.take(30)
    fresh = QueueNudge(AwakeUntil(lease), lambda: queue)
    fresh()
    fresh()
    assert queue.sent == 1


def test_a_write_does_not_fail_if_the_nudge_cannot_be_sent(databases: Databases) -> None:
    QueueNudge(AwakeUntil(PostgresRelayLease(databases())), BrokenQueue)()


def test_only_transactions_that_wrote_to_the_outbox_nudge_the_relay(databases: Databases) -> None:
    calls: list[str] = []
    database = databases()
    database.nudge = lambda: calls.append("called")
    work = PostgresUnitOfWork(database)
    with work:
        work.connection.execute("INSERT INTO login_failures VALUES ('x', 1, now())")
    assert work.position is not None
    assert calls == []

    with work:
        work.connection.execute(
            "INSERT INTO sources (name, url, schedule) VALUES"
            " ('s', 'http://s.test/', '{\"kind\": \"interval\", \"every_seconds\": 60}')"
        )
    assert calls == ["called"]


def test_a_relay_sleeps_when_nothing_is_left_and_a_broken_destination_blocks_no_other(
    parts: Wiring, quick: None, connect: Callable[[], Connection[TupleRow]]
) -> None:
    fine, broken = Collecting("queues"), Collecting("graph")
    broken.broken = True
    writer = connect()
    announce(writer, "first")
    thread = threading.Thread(target=run, args=(parts, [fine, broken], lambda: 60.0))
    thread.start()
    assert eventually(lambda: fine.kinds == ["first"])
    announce(writer, "second")
    assert eventually(lambda: fine.kinds == ["first", "second"])
    assert broken.kinds == []
    broken.broken = False
    thread.join(30)

    assert not thread.is_alive()
    assert broken.kinds == ["first", "second"]


@dataclass
class Outcome:
    """Of a write that trusted a promise: whether the relay carried it, or had itself called."""

    carried: bool
    called_again: bool


def trusted(
    parts: Wiring,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> Outcome:
    """A writer trusts the promise when the carrier has looked already: only its last look is left.

    On a busy machine a promise may end before the write; the next one is longer.
    """
    for seconds in (0.4, 2.5, 10.0):
        monkeypatch.setattr(promise, "PROMISE_SECONDS", seconds)
        outcome = trusted_once(parts, databases, connect, monkeypatch, f"within {seconds} s")
        if outcome is not None:
            return outcome
    pytest.fail("the promise was over before the write was")


def trusted_once(
    parts: Wiring,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> Outcome | None:
    """Return what became of a row of this kind; None if the promise had ended before it."""
    destination, calls = Collecting("queues"), CountingQueue()
    lease = PostgresRelayLease(databases())
    queue = CountingQueue()
    writer = connect()
    looked = threading.Event()

    def until_the_end(self: promise.Activity, _seconds: float) -> None:
        looked.set()
        self._ended.wait()

    monkeypatch.setattr(promise.Activity, "pause", until_the_end)
    monkeypatch.setattr(parts, "nudge", lambda: calls.send([{}]))
    thread = threading.Thread(target=run, args=(parts, [destination], lambda: 60.0))
    thread.start()
    assert looked.wait(30)
    announce(writer, kind)
    QueueNudge(AwakeUntil(lease, stopwatch=lambda: 0.0), lambda: queue)()
    thread.join(60)
    assert not thread.is_alive()
    if queue.sent:
        return None
    return Outcome(kind in destination.kinds, calls.sent > 0)


def test_a_row_committed_while_the_promise_lasts_is_never_left_behind(
    parts: Wiring,
    quick: None,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome = trusted(parts, databases, connect, monkeypatch)

    # Transactions of other tests may hold the row back beyond the last look.
    assert outcome.carried or outcome.called_again


def test_without_the_relays_last_read_a_row_committed_during_the_promise_is_not_delivered(
    parts: Wiring,
    quick: None,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(carrier.Carrier, "_finish", lambda self: True)

    assert not trusted(parts, databases, connect, monkeypatch).carried


def behind_an_older_transaction(
    parts: Wiring,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> Outcome:
    """The older transaction writes nothing to the outbox, so it calls nobody when it ends."""
    older = connect()
    with older.transaction():
        older.execute("SELECT pg_current_xact_id()")
        return trusted(parts, databases, connect, monkeypatch)


def test_a_relay_that_an_older_transaction_holds_back_is_called_again(
    parts: Wiring,
    quick: None,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome = behind_an_older_transaction(parts, databases, connect, monkeypatch)

    assert outcome == Outcome(carried=False, called_again=True)


def test_unless_the_relay_is_called_again_a_held_back_row_waits_for_the_sweep(
    parts: Wiring,
    quick: None,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("groundwork_runtime.relay.run._held_back", lambda left: False)
    outcome = behind_an_older_transaction(parts, databases, connect, monkeypatch)

    assert outcome == Outcome(carried=False, called_again=False)


def test_writers_and_relays_at_random_times_leave_no_row_behind(
    database_url: str,
    quick: None,
    databases: Databases,
    connect: Callable[[], Connection[TupleRow]],
) -> None:
    """A hundred writes around the ends of many promises, each call answered by a new relay."""
    destination = Collecting("queues")
    relays: list[threading.Thread] = []
    wirings: list[Wiring] = []

    def start_relay() -> None:
        own = Wiring(Settings.from_environment({"DATABASE_URL": database_url}))
        wirings.append(own)
        relays.append(threading.Thread(target=run, args=(own, [destination], lambda: 60.0)))
        relays[-1].start()

    nudge = QueueNudge(
        AwakeUntil(PostgresRelayLease(databases())), lambda: CountingQueue(start_relay)
    )
    writer = connect()
    for number in range(100):
        announce(writer, str(number))
        nudge()
        time.sleep((number * 37 % 11) * 0.05 if number % 10 == 0 else 0.004 * (number % 7))
    for relay in relays:
        relay.join(60)
    for own in wirings:
        own.database.close()

    assert destination.kinds == [str(number) for number in range(100)]
    assert len(relays) < 60
    assert not PostgresBacklogs(databases()).of("queues").waiting
