"""Nested transactions: one commit, savepoints, and nudges after the commit."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.audit.actor import Actor
from groundwork_core.errors import Conflict, Unavailable
from groundwork_core.identity.resources import ROLES
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.resources import PostgresResources
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

COLUMNS = ("name", "permissions")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, application_name="test")
    yield made
    made.close()


@pytest.fixture
def outside(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A second connection, which sees committed rows only."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def seen(connection: psycopg.Connection[Any]) -> set[str]:
    rows = connection.execute("SELECT name FROM roles WHERE NOT builtin").fetchall()
    return {row[0] for row in rows}


def add(database: Database, name: str) -> None:
    store = PostgresResources(database.texts, database.write_texts)
    store.insert(ROLES, COLUMNS, f'{{"name": "{name}", "permissions": []}}')


def test_no_row_is_visible_before_the_outer_transaction_commits(
    database: Database, outside: psycopg.Connection[Any]
) -> None:
    with database.transaction():
        add(database, "one")
        with database.transaction():
            add(database, "two")
        assert seen(outside) == set()
    assert seen(outside) == {"one", "two"}


def test_an_inner_transaction_is_rolled_back_alone(
    database: Database, outside: psycopg.Connection[Any]
) -> None:
    with database.transaction():
        add(database, "kept")
        with pytest.raises(Conflict):
            add(database, "kept")
        with suppress(LookupError), database.transaction():
            add(database, "undone")
            raise LookupError
        add(database, "after")
    assert seen(outside) == {"kept", "after"}


def test_an_error_in_the_outer_transaction_rolls_all_back(
    database: Database, outside: psycopg.Connection[Any]
) -> None:
    with suppress(LookupError), database.transaction():
        with database.transaction():
            add(database, "inner")
        raise LookupError
    assert seen(outside) == set()
    add(database, "next")
    assert seen(outside) == {"next"}


def test_the_relay_is_nudged_once_after_the_outer_commit(
    database: Database, outside: psycopg.Connection[Any]
) -> None:
    seen_when_nudged: list[set[str]] = []
    nudge = lambda: seen_when_nudged.append(seen(outside))  # noqa: E731 - one expression
    database.nudge = nudge
    with database.transaction():
        for name in ("one", "two"):
            with PostgresUnitOfWork(database) as work:
                work.resources.insert(ROLES, COLUMNS, f'{{"name": "{name}", "permissions": []}}')
            assert work.position is not None
        assert seen_when_nudged == []
    assert seen_when_nudged == [{"one", "two"}]


def test_a_rolled_back_inner_transaction_does_not_nudge_the_relay(database: Database) -> None:
    nudged: list[str] = []
    database.nudge = lambda: nudged.append("nudged")
    with suppress(LookupError), database.transaction():
        with PostgresUnitOfWork(database) as work:
            work.resources.insert(ROLES, COLUMNS, '{"name": "one", "permissions": []}')
        raise LookupError
    assert nudged == []


def test_a_connection_lost_in_a_transaction_writes_nothing(
    database: Database, outside: psycopg.Connection[Any]
) -> None:
    """A part that found the connection gone must not go on with a new one."""

    def write_on() -> None:
        with database.transaction() as connection:
            add(database, "one")
            outside.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
            with pytest.raises(Unavailable):
                database.rows("SELECT 1")
            add(database, "two")

    with pytest.raises(Unavailable):
        write_on()
    assert seen(outside) == set()
    add(database, "three")
    assert seen(outside) == {"three"}


def test_a_swallowed_error_does_not_commit(
    database: Database, outside: psycopg.Connection[Any]
) -> None:

    def swallow() -> None:
        with database.transaction() as connection:
            add(database, "one")
            with suppress(psycopg.errors.UndefinedTable):
                connection.execute("SELECT * FROM nothing_of_this_name")

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        swallow()
    assert seen(outside) == set()


PREPARED = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'gw%' ORDER BY name"


def read_and_undo(database: Database) -> list[tuple[str]]:
    """Write in a transaction that is undone, and read; return what is prepared then."""
    store = PostgresResources(database.texts, database.write_texts)
    with suppress(LookupError), database.transaction():
        add(database, "undone")
        raise LookupError
    assert store.read(ROLES, uuid4()) is None
    return database.rows(PREPARED)


def test_prepared_statements_outlive_a_rollback(database: Database) -> None:
    prepared = read_and_undo(database)
    assert len(prepared) >= 2
    for _ in range(3):
        assert read_and_undo(database) == prepared


def test_deallocated_statements_are_prepared_again_under_other_names(
    database: Database,
) -> None:
    prepared = read_and_undo(database)
    database.rows("DEALLOCATE ALL")
    # Outside a transaction, where a statement that is missing can be prepared anew.
    assert PostgresResources(database.texts, database.write_texts).read(ROLES, uuid4()) is None
    again = database.rows(PREPARED)
    assert again
    assert not set(again) & set(prepared)


@pytest.mark.parametrize("odd", ["'; DROP TABLE roles --", "\x00", "\ud800", "ü" * 5000, "\\"])
def test_a_request_id_that_postgres_cannot_store_is_logged_in_a_storable_form(
    database: Database, outside: psycopg.Connection[Any], odd: str
) -> None:
    database.actor = Actor("user:x", None, odd, odd)
    with database.transaction():
        add(database, "one")
    logged = outside.execute(
        "SELECT actor, request_id FROM audit_events WHERE actor <> 'system'"
    ).fetchone()
    expected = odd.replace("\x00", "").replace("\ud800", "?")[:200]
    assert logged == ("user:x", expected)
