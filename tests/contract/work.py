"""The units of work that the contract suites run on: in memory, and on Postgres."""

from collections.abc import Iterator
from typing import Protocol

import psycopg
import pytest

from groundwork_core.identity.ports import AccountsWork, CallerStore
from groundwork_core.sources.ports import SourceWritesWork
from groundwork_data.postgres.callers import PostgresCallers
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ..fakes.identity import MemoryCallers
from ..fakes.work import MemoryWork

KEPT = ("alembic_version", "embedding_models", "epochs", "roles")
"""Tables with rows that migrations wrote."""


class Work(AccountsWork, SourceWritesWork, Protocol):
    """A unit of work with identity and sources."""


class Stores:
    """A unit of work, and what reads beside it."""

    def __init__(self, work: Work, callers: CallerStore) -> None:
        self.work = work
        self.callers = callers


def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Yield empty stores of the kind that the fixture's parameter names."""
    if request.param == "memory":
        work = MemoryWork()
        yield Stores(work, MemoryCallers(work.tables))
        return
    url = request.getfixturevalue("module_database_url")
    _empty(url)
    database = Database(url, application_name="test")
    yield Stores(PostgresUnitOfWork(database), PostgresCallers(database))
    database.close()


def _empty(url: str) -> None:
    """Delete all rows, without the triggers that guard the last admin and others."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)",
            (list(KEPT),),
        )
        for (name,) in tables.fetchall():
            connection.execute(f'DELETE FROM "{name}"')
        connection.execute("DELETE FROM roles WHERE NOT builtin")
