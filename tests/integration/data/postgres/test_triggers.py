"""Triggers write the version and the outbox row of every change of an aggregate."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

Connection = psycopg.Connection[Any]


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("TRUNCATE outbox")
        yield connection


def outbox(database: Connection) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT aggregate, version, kind, data ->> 'name' FROM outbox ORDER BY id"
    ).fetchall()


def test_the_outbox_has_creation_change_and_removal_of_an_entity(database: Connection) -> None:
    database.execute("INSERT INTO entities (name, type) VALUES ('A', 'topic')")
    database.execute(
        "UPDATE entities SET name = 'B', version = 70, created_at = now() - '1 day'::interval"
    )
    row = database.execute("SELECT version, created_at > now() - '1 hour'::interval FROM entities")
    assert row.fetchone() == (2, True)
    database.execute("DELETE FROM entities")
    assert outbox(database) == [
        ("entities", 1, "created", "A"),
        ("entities", 2, "updated", "B"),
        ("entities", 3, "deleted", "B"),
    ]


def test_a_bulk_statement_writes_a_row_for_each(database: Connection) -> None:
    database.execute(
        "INSERT INTO entities (name, type) SELECT 'E' || i, 'topic' FROM generate_series(1, 50) i"
    )
    assert len(outbox(database)) == 50


def test_a_cascade_writes_an_outbox_row_for_each_relationship(database: Connection) -> None:
    database.execute(
        "INSERT INTO entities (name, type, key) VALUES ('A', 'topic', 'a'), ('B', 'topic', 'b')"
    )
    database.execute(
        "INSERT INTO relationships (from_id, to_id, type)"
        " SELECT a.id, b.id, 'KNOWS' FROM entities a, entities b WHERE a.key = 'a' AND b.key = 'b'"
    )
    database.execute("DELETE FROM entities WHERE key = 'a'")
    assert ("relationships", 2, "deleted", None) in outbox(database)


def test_a_rolled_back_change_has_no_outbox_row(database: Connection) -> None:
    with database.transaction(force_rollback=True):
        database.execute("INSERT INTO entities (name, type) VALUES ('A', 'topic')")
        assert len(outbox(database)) == 1
    assert outbox(database) == []


def test_without_its_trigger_an_insert_writes_no_outbox_row(database: Connection) -> None:
    """With the guard disabled."""
    database.execute("ALTER TABLE entities DISABLE TRIGGER outbox_created")
    database.execute("INSERT INTO entities (name, type) VALUES ('A', 'topic')")
    assert outbox(database) == []


def test_passwords_and_texts_are_in_no_event(database: Connection) -> None:
    database.execute(
        "INSERT INTO users (email, roles, password_hash) VALUES ('a@b.test', '{viewer}', 'secret')"
    )
    found = database.execute("SELECT data FROM outbox").fetchone()
    assert found is not None
    assert "secret" not in str(found[0])


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entities (name, type, confidence) VALUES ('A', 'topic', 1.5)",
        "INSERT INTO entities (name, type) VALUES ('', 'topic')",
        "INSERT INTO entities (name, type, attributes) VALUES ('A', 'topic', '[]')",
        "INSERT INTO sources (name, url, schedule) VALUES ('A', 'ftp://a', '{\"kind\":\"cron\"}')",
        "INSERT INTO sources (name, url, schedule) VALUES ('A', 'http://a/', '{\"kind\":\"now\"}')",
        "INSERT INTO sources (name, url, schedule)"
        " VALUES ('A', 'http://a/', '{\"kind\":\"interval\",\"every_seconds\":0}')",
        "INSERT INTO jobs (kind, priority) VALUES ('extract', 11)",
        "INSERT INTO jobs (kind, status) VALUES ('extract', 'leased')",
        "INSERT INTO jobs (kind, attempt) VALUES ('extract', 6)",
        "INSERT INTO users (email, roles) VALUES ('a@b.test', '{}')",
        "INSERT INTO users (email, roles) VALUES ('nobody', '{viewer}')",
    ],
)
def test_the_database_refuses_rows_that_break_a_rule(database: Connection, statement: str) -> None:
    with pytest.raises(errors.CheckViolation):
        database.execute(statement)
