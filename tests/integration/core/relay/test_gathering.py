"""The relay batches rows while many are written; a single row is not delayed."""

from collections.abc import Callable, Sequence

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.carrier import Carrier
from groundwork_core.relay.ports import OutboxBatch
from groundwork_core.relay.promise import Activity, TimeBudget
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Collecting, announce

Connect = Callable[[], Connection[TupleRow]]


class Passes(Collecting):
    """Keeps what each pass brought."""

    gather_seconds = 0.125

    def __init__(self) -> None:
        super().__init__()
        self.passes: list[list[str]] = []

    def deliver(self, taken: OutboxBatch, work: object) -> None:
        self.passes.append([row.kind for row in taken.rows])


class Unheard:
    def carried(self, destination: str, rows: Sequence[OutboxRow], lag_seconds: float) -> None:
        """Not of interest."""

    def failed(
        self, destination: str, error: Exception, retry_seconds: float, lag_seconds: float
    ) -> None:
        raise error


class Scripted(Activity):
    """Lets things happen while the carrier rests, and notes every rest before the first pass."""

    def __init__(
        self, meanwhile: Callable[[], None], stopwatch: Callable[[], float] = lambda: 0.0
    ) -> None:
        super().__init__(stopwatch)
        self._meanwhile = meanwhile
        self.rests: list[float] = []

    def pause(self, seconds: float) -> None:
        self.rests.append(seconds)
        if seconds == Passes.gather_seconds:
            self._meanwhile()


def test_rows_that_arrive_while_the_relay_pauses_are_delivered_in_one_pass(
    connect: Connect,
    databases: Callable[[], Database],
    begin_work: Callable[[], PostgresUnitOfWork],
) -> None:
    writer, destination = connect(), Passes()
    announce(writer, "alone")

    def meanwhile() -> None:
        if len(destination.passes) == 1:
            for kind in ("a", "b", "c"):
                announce(writer, kind)
        else:
            activity.end()

    activity = Scripted(meanwhile)
    Carrier(
        destination,
        begin_work,
        PostgresBacklogs(databases()),
        activity,
        TimeBudget(lambda: 60.0),
        Unheard(),
    ).run()

    assert destination.passes == [["alone"], ["a", "b", "c"]]
    assert activity.rests == [Passes.gather_seconds] * 2, "nothing was waited for before a pass"


@pytest.mark.parametrize(
    ("pass_seconds", "gathered_seconds"), [(0.01, 0.125), (0.1, 0.2), (10.0, 0.375)]
)
def test_after_a_long_pass_the_relay_gathers_for_longer(
    connect: Connect,
    databases: Callable[[], Database],
    begin_work: Callable[[], PostgresUnitOfWork],
    pass_seconds: float,
    gathered_seconds: float,
) -> None:
    now = [0.0]

    class Slow(Passes):
        def deliver(self, taken: OutboxBatch, work: object) -> None:
            now[0] += pass_seconds

    class Resting(Scripted):
        def pause(self, seconds: float) -> None:
            self.rests.append(seconds)
            if now[0]:
                self.end()

    announce(connect(), "alone")
    activity = Resting(lambda: None, lambda: now[0])
    Carrier(
        Slow(),
        begin_work,
        PostgresBacklogs(databases()),
        activity,
        TimeBudget(lambda: 60.0),
        Unheard(),
    ).run()

    assert activity.rests[-1] == pytest.approx(gathered_seconds)
