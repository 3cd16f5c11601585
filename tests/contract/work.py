"""The units of work that the contract suites run on: in memory, and on Postgres."""

from collections.abc import Iterator
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from groundwork_core.clock_jumps.ports import ClockWork
from groundwork_core.documents.ports import DocumentsWork
from groundwork_core.identity.ports import AccountsWork, CallerStore
from groundwork_core.jobs.ports import LeasesWork, QuickLeases
from groundwork_core.sources.ports import SourceWritesWork
from groundwork_data.postgres.callers import PostgresCallers
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.quick_leases import PostgresQuickLeases
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ..fakes.identity import MemoryCallers
from ..fakes.job_rows import JobRows
from ..fakes.leases import MemoryQuickLeases
from ..fakes.work import MemoryWork

KEPT = ("alembic_version", "embedding_models", "engagement_retention", "epochs", "roles")
"""Tables with rows that migrations wrote."""


class Work(AccountsWork, SourceWritesWork, DocumentsWork, LeasesWork, ClockWork, Protocol):
    """A unit of work with identity, sources, documents, jobs and readings of the clock."""


class InsertsJobs(Protocol):
    """Inserts a job whose time of creation or other columns a test chooses."""

    def insert(self, kind: str, **columns: Any) -> UUID: ...


class Stores:
    """A unit of work, and what reads and writes beside it."""

    def __init__(
        self, work: Work, callers: CallerStore, quick: QuickLeases, jobs: InsertsJobs
    ) -> None:
        self.work = work
        self.callers = callers
        self.quick = quick
        self.jobs = jobs


class JobTable:
    """Implements `InsertsJobs` on Postgres."""

    def __init__(self, url: str) -> None:
        self._url = url

    def insert(self, kind: str, **columns: Any) -> UUID:
        given = {"kind": kind, **columns}
        values = [Jsonb(one) if isinstance(one, dict) else one for one in given.values()]
        statement = sql.SQL("INSERT INTO jobs ({}) VALUES ({}) RETURNING id").format(
            sql.SQL(", ").join(map(sql.Identifier, given)),
            sql.SQL(", ").join([sql.Placeholder()] * len(given)),
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(statement, values).fetchone()
        assert row is not None
        id_: UUID = row[0]
        return id_


def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Yield empty stores of the kind that the fixture's parameter names."""
    if request.param == "memory":
        work = MemoryWork()
        tables = work.tables
        yield Stores(work, MemoryCallers(tables), MemoryQuickLeases(tables), JobRows(tables))
        return
    url = request.getfixturevalue("module_database_url")
    _empty(url)
    database = Database(url, application_name="test")
    yield Stores(
        PostgresUnitOfWork(database),
        PostgresCallers(database),
        PostgresQuickLeases(database),
        JobTable(url),
    )
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
