"""The outbox is read in commit order and nothing is skipped."""

import threading
from collections.abc import Callable

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.errors import Invalid
from groundwork_core.relay.carry import carry
from groundwork_core.relay.ports import OutboxBatch
from groundwork_data.postgres import outbox as outbox_module
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Collecting, announce, carry_all

Connect = Callable[[], Connection[TupleRow]]
BeginWork = Callable[[], PostgresUnitOfWork]

NAIVE_TAKE = """
SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint,
    o.place, (o.xid::text)::bigint, o.id, o.aggregate, o.aggregate_id, o.version, o.kind, o.data
FROM (SELECT %(xid)s) p LEFT JOIN LATERAL (
    SELECT *, row_number() OVER (ORDER BY id) AS place FROM outbox
    WHERE id > %(id)s ORDER BY id LIMIT %(limit)s + 1
) o ON true ORDER BY o.id
"""


def slow_and_fast(connect: Connect, begin_work: BeginWork) -> list[str]:
    """A slow transaction gets the lower number and commits after a fast one was carried."""
    slow, fast = connect(), connect()
    destination = Collecting()
    with slow.transaction():
        announce(slow, "slow")
        announce(fast, "fast")
        carry(destination, begin_work())
    carry_all(destination, begin_work)
    return destination.kinds


def test_a_slow_transaction_with_a_lower_number_is_not_skipped(
    connect: Connect, begin_work: BeginWork
) -> None:
    assert slow_and_fast(connect, begin_work) == ["slow", "fast"]


def test_without_the_horizon_a_slow_transaction_is_skipped(
    connect: Connect, begin_work: BeginWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "TAKE", NAIVE_TAKE)

    def keep_id(self: object, destination: str, upto: tuple[int, int]) -> None:
        connect().execute(
            "UPDATE outbox_cursors SET id = (SELECT max(id) FROM outbox) WHERE destination = %s",
            (destination,),
        )

    monkeypatch.setattr(outbox_module.PostgresOutbox, "advance", keep_id)

    slow, fast = connect(), connect()
    destination = Collecting()
    with slow.transaction():
        announce(slow, "slow")
        announce(fast, "fast")
        carry(destination, begin_work())
    carry(destination, begin_work())

    assert destination.kinds == ["fast"]


def test_a_transaction_larger_than_a_pass_is_carried_whole_and_reached_only_then(
    connect: Connect, begin_work: BeginWork, databases: Callable[[], Database]
) -> None:
    writer, destination = connect(), Collecting()
    backlogs = PostgresBacklogs(databases())
    with writer.transaction():
        for number in range(5):
            announce(writer, str(number))
        row = writer.execute("SELECT pg_current_xact_id()::text").fetchone()
    assert row is not None
    position = row[0]

    reached = []
    while len(destination.rows) < 5:
        if carry(destination, begin_work(), limit=2).rows:
            reached.append(backlogs.reached("queues", position))

    assert destination.kinds == ["0", "1", "2", "3", "4"]
    assert reached == [False, False, True]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_a_destination_receives_its_aggregates_and_its_cursor_passes_the_other_rows(
    connect: Connect, begin_work: BeginWork, limit: int
) -> None:
    writer, destination = connect(), Collecting()
    for number, aggregate in enumerate(
        ["others", "others", "things", "others", "things", "others"]
    ):
        announce(writer, str(number), aggregate)

    carry_all(destination, begin_work, limit=limit)

    assert destination.kinds == ["2", "4"]


def test_a_batch_without_rows_of_the_destination_moves_its_cursor(
    connect: Connect, begin_work: BeginWork
) -> None:
    writer, destination = connect(), Collecting()
    destination.broken = True  # must not be called
    for number in range(3):
        announce(writer, str(number), "others")

    passes = [carry(destination, begin_work(), limit=2) for _ in range(3)]

    assert [(one.rows, one.moved, one.all) for one in passes] == [
        ((), True, False),
        ((), True, True),
        ((), False, True),
    ]


def test_a_batch_may_end_within_a_transaction_at_a_row_of_another_aggregate(
    connect: Connect, begin_work: BeginWork
) -> None:
    writer, destination = connect(), Collecting()
    with writer.transaction():
        for number, aggregate in enumerate(["things", "others", "things", "others", "things"]):
            announce(writer, str(number), aggregate)

    first = carry(destination, begin_work(), limit=2)
    assert [row.kind for row in first.rows] == ["0"]
    carry_all(destination, begin_work, limit=2)

    assert destination.kinds == ["0", "2", "4"]


class Eager(Collecting):
    """Allows three batches ahead; may stop at one, and sees when each was read."""

    batches_ahead = 3

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect
        self.meanwhile = ""
        self.fails_at = ""

    def deliver(self, taken: OutboxBatch, work: object) -> None:
        if self.meanwhile:
            announce(self._connect(), self.meanwhile)
            self.meanwhile = ""
        self.broken = any(row.kind == self.fails_at for row in taken.rows)
        super().deliver(taken, work)


def test_batches_read_ahead_keep_their_order_and_miss_nothing(
    connect: Connect, begin_work: BeginWork
) -> None:
    writer, destination = connect(), Eager(connect)
    for number in range(20):
        announce(writer, str(number))
    destination.meanwhile = "late"

    first = carry(destination, begin_work(), limit=2)
    assert len(first.rows) <= 8
    carry_all(destination, begin_work, limit=2)

    assert destination.kinds == [*map(str, range(20)), "late"]


def test_a_batch_that_fails_rolls_back_the_batches_before_it(
    connect: Connect, begin_work: BeginWork
) -> None:
    """At least once: the pass was one transaction, so all its rows come again, in their order."""
    writer, destination = connect(), Eager(connect)
    for number in range(8):
        announce(writer, str(number))
    destination.fails_at = "5"
    with pytest.raises(ConnectionError):
        carry_all(destination, begin_work, limit=2)
    before = len(destination.rows)
    destination.fails_at = ""

    carry_all(destination, begin_work, limit=2)

    assert destination.kinds[before:] == [str(number) for number in range(8)]


def test_a_position_without_outbox_rows_is_reached_at_once(
    connect: Connect, databases: Callable[[], Database]
) -> None:
    row = connect().execute("SELECT pg_current_xact_id()::text").fetchone()
    assert row is not None

    backlogs = PostgresBacklogs(databases())

    while not backlogs.reached("graph", row[0]):  # until older transactions of others have ended
        pass
    assert not backlogs.reached("graph", str(int(row[0]) + 1000))


@pytest.mark.parametrize("position", ["x", "", "-1 OR true", "9" * 40])
def test_a_malformed_position_text_is_refused(
    databases: Callable[[], Database], position: str
) -> None:
    with pytest.raises(Invalid):
        PostgresBacklogs(databases()).reached("graph", position)


def test_rows_that_a_destination_refused_are_delivered_again(
    connect: Connect, begin_work: BeginWork
) -> None:
    destination = Collecting()
    announce(connect(), "only")
    destination.broken = True
    with pytest.raises(ConnectionError):
        carry_all(destination, begin_work)
    destination.broken = False

    carry_all(destination, begin_work)

    assert destination.kinds == ["only"]


def test_a_slow_destination_does_not_hold_back_another(
    connect: Connect, databases: Callable[[], Database]
) -> None:
    """While one destination is at work, what is committed meanwhile reaches the other."""
    working, finish = threading.Event(), threading.Event()

    class Slow(Collecting):
        def deliver(self, taken: object, work: object) -> None:
            working.set()
            assert finish.wait(10)

    first, second = databases(), databases()
    announce(connect(), "before")
    thread = threading.Thread(
        target=carry_all, args=(Slow("graph"), lambda: PostgresUnitOfWork(first))
    )
    thread.start()
    try:
        assert working.wait(10)
        announce(connect(), "meanwhile")
        quick = Collecting("queues")
        carry_all(quick, lambda: PostgresUnitOfWork(second))
    finally:
        finish.set()
        thread.join()

    assert quick.kinds == ["before", "meanwhile"]


def test_two_relays_at_once_carry_every_row_once_and_in_order(
    connect: Connect, databases: Callable[[], Database]
) -> None:
    writer, destination = connect(), Collecting()
    stop = threading.Event()

    def relay(database: Database) -> None:
        while not stop.is_set():
            carry(destination, PostgresUnitOfWork(database), limit=7)

    threads = [threading.Thread(target=relay, args=(databases(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(300):
        announce(writer, str(number))
    backlogs = PostgresBacklogs(databases())
    while backlogs.of("queues").waiting:
        stop.wait(0.01)
    stop.set()
    for thread in threads:
        thread.join()

    assert destination.kinds == [str(number) for number in range(300)]
