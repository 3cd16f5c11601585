"""Connections, rows and a relay on a database of the test's own."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.carry import carry
from groundwork_core.relay.ports import OutboxBatch
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import BACKLOG
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork


class Collecting:
    """A destination that keeps the rows it is given, or fails when a test wants it."""

    aggregates = frozenset({"things"})
    batches_ahead = 0
    gather_seconds = 0.0

    def __init__(self, name: str = "queues") -> None:
        self.name = name
        self.rows: list[OutboxRow] = []
        self.broken = False

    def deliver(self, taken: OutboxBatch, work: object) -> None:
        if self.broken:
            message = "the destination is down"
            raise ConnectionError(message)
        self.rows.extend(taken.rows)

    @property
    def kinds(self) -> list[str]:
        return [row.kind for row in self.rows]


@pytest.fixture(autouse=True)
def _nothing_yet(database_url: str) -> None:
    """The first rows (roles) are in the outbox too; these tests begin with an empty one."""
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM outbox")


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[[], Connection[TupleRow]]]:
    """Opens connections in autocommit mode, closed after the test."""
    made: list[Connection[TupleRow]] = []

    def open_one() -> Connection[TupleRow]:
        made.append(psycopg.connect(database_url, autocommit=True))
        return made[-1]

    yield open_one
    for connection in made:
        connection.close()


@pytest.fixture
def begin_work(databases: Callable[[], Database]) -> Callable[[], PostgresUnitOfWork]:
    """Begins a unit of work on one connection of its own, calling nobody."""
    database = databases()
    return lambda: PostgresUnitOfWork(database)


def announce(connection: Connection[TupleRow], kind: str, aggregate: str = "things") -> None:
    """Insert one outbox row with a telling kind."""
    connection.execute(
        "INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)"
        " VALUES (%s, %s, 1, %s, '{}')",
        (aggregate, uuid4(), kind),
    )


def carry_all(
    destination: Collecting, begin_work: Callable[[], PostgresUnitOfWork], limit: int = 500
) -> None:
    """Carry all that is committed; transactions of other tests may hold it back a moment."""
    while True:
        carried = carry(destination, begin_work(), limit=limit)
        with begin_work() as work:
            row = work.connection.execute(BACKLOG, {"destination": destination.name}).fetchone()
        if carried.all and row is None:
            return
