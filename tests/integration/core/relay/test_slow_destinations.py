"""A batch that takes too long is tried again in smaller parts, so that a slow graph gets on."""

import time
from collections.abc import Callable, Sequence

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.errors import TookTooLong
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.batch_size import BatchSize
from groundwork_core.relay.carrier import Carrier
from groundwork_core.relay.ports import OutboxBatch
from groundwork_core.relay.promise import Activity, TimeBudget
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Collecting

ROWS, AT_MOST = 200, 100
"""Rows that wait, and how many of them the destination takes within its time limit."""
PAUSES = 20
FILL = """
INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
SELECT 'things', gen_random_uuid(), 1, n::text, '{}' FROM generate_series(1, %s) n
"""


class Slow(Collecting):
    """Takes too long for many rows; reads batches ahead, as the graph does."""

    batches_ahead = 3

    def deliver(self, taken: OutboxBatch, work: object) -> None:
        if len(taken.rows) > AT_MOST:
            raise TookTooLong("This took too long.")
        super().deliver(taken, work)


class Hurried(Activity):
    """Does not rest, and ends when all has arrived, or after some pauses."""

    def __init__(self, destination: Collecting) -> None:
        super().__init__(time.monotonic)
        self._destination = destination
        self._pauses = 0

    def pause(self, seconds: float) -> None:
        self._pauses += 1
        if len(self._destination.rows) >= ROWS or self._pauses == PAUSES:
            self.end()


class Unheard:
    def carried(self, destination: str, rows: Sequence[OutboxRow], lag_seconds: float) -> None:
        """Not of interest."""

    def failed(
        self, destination: str, error: Exception, retry_seconds: float, lag_seconds: float
    ) -> None:
        assert isinstance(error, TookTooLong), error


class Unchanging(BatchSize):
    """With the guard disabled."""

    def failed(self, error: Exception) -> None:
        """Keep the size."""


@pytest.mark.parametrize(("size", "arrived"), [(BatchSize(), ROWS), (Unchanging(), 0)])
def test_batches_that_keep_their_size_never_arrive_at_a_slow_destination(
    size: BatchSize,
    arrived: int,
    connect: Callable[[], Connection[TupleRow]],
    databases: Callable[[], Database],
    begin_work: Callable[[], PostgresUnitOfWork],
) -> None:
    connect().execute(FILL, [ROWS])
    destination = Slow()
    Carrier(
        destination,
        begin_work,
        PostgresBacklogs(databases()),
        Hurried(destination),
        TimeBudget(lambda: 60.0),
        Unheard(),
        size=size,
    ).run()
    assert len(destination.rows) == arrived
