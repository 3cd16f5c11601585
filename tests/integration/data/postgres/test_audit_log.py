"""The database logs every change of an audited table, and never deletes an entry."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from groundwork_core.audit.actor import Actor
from groundwork_core.audit.ports import AuditEntry
from groundwork_data.postgres.audit import PostgresAuditLog
from groundwork_data.postgres.transaction import actor_json

Connection = psycopg.Connection[Any]
USER = UUID("01890000-0000-7000-8000-000000000001")
ACTOR = Actor(f"user:{USER}", USER, "192.0.2.7", "request-1")


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def events(database: Connection, columns: str = "action, actor") -> list[tuple[Any, ...]]:
    # Not what migrations changed of the built-in roles.
    return database.execute(
        f"SELECT {columns} FROM audit_events"
        " WHERE actor <> 'system' OR subject_type <> 'roles' ORDER BY id"
    ).fetchall()


def add_user(database: Connection) -> None:
    database.execute(
        "INSERT INTO users (email, roles, password_hash) VALUES ('a@b.test', '{viewer}', 'hidden')"
    )


def test_creation_change_and_removal_of_a_user_are_logged(database: Connection) -> None:
    add_user(database)
    database.execute("UPDATE users SET roles = '{editor}'")
    database.execute("DELETE FROM users")
    assert events(database, "action, before ->> 'roles', after ->> 'roles', subject_type") == [
        ("users.created", None, '["viewer"]', "users"),
        ("users.updated", '["viewer"]', '["editor"]', "users"),
        ("users.deleted", '["editor"]', None, "users"),
    ]
    assert len({row[0] for row in events(database, "subject_id")}) == 1


def test_only_the_change_of_a_secret_is_recorded(database: Connection) -> None:
    add_user(database)
    database.execute("UPDATE users SET password_hash = 'other'")
    database.execute("UPDATE users SET name = 'Ada'")
    assert [row[0] for row in events(database, "detail")] == [
        None,
        {"changed_unseen": ["password_hash"]},
        None,
    ]
    assert "hidden" not in str(events(database, "before, after"))
    assert "password_hash" not in str(events(database, "before, after"))


def test_the_actor_is_set_for_one_transaction(database: Connection) -> None:
    with database.transaction():
        database.execute("SELECT set_config('groundwork.actor', %s, true)", (actor_json(ACTOR),))
        add_user(database)
    database.execute("DELETE FROM users")
    assert events(database, "actor, actor_id, address, request_id") == [
        (f"user:{USER}", USER, "192.0.2.7", "request-1"),
        ("system", None, None, None),
    ]


def test_one_statement_can_set_the_actor_and_write(database: Connection) -> None:
    database.execute(
        "WITH who AS MATERIALIZED (SELECT set_config('groundwork.actor', %s, true))"
        " INSERT INTO roles (name, permissions) SELECT 'temps', '{}' FROM who",
        (json.dumps({"actor": "command"}),),
    )
    assert events(database) == [("roles.created", "command")]


def test_an_action_that_changes_no_row_is_in_the_audit_log(database: Connection) -> None:
    with database.transaction():
        database.execute("SELECT set_config('groundwork.actor', %s, true)", (actor_json(ACTOR),))
        PostgresAuditLog(database).record(
            AuditEntry("users.token_reused", "users", USER, {"family": "f"})
        )
    found = events(database, "action, actor, subject_id, detail, request_id")
    assert found == [("users.token_reused", f"user:{USER}", USER, {"family": "f"}, "request-1")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "INSERT INTO audit_events (id, action, actor, subject_type)"
        " SELECT id, action, 'nobody', subject_type FROM audit_events"
        " ON CONFLICT (id) DO UPDATE SET actor = excluded.actor",
    ],
)
def test_audit_events_cannot_be_changed_or_deleted(database: Connection, change: str) -> None:
    add_user(database)
    with pytest.raises(errors.InsufficientPrivilege, match="append only"):
        database.execute(change)
    assert events(database) == [("users.created", "system")]
    # With the guard disabled.
    database.execute("DROP TRIGGER append_only ON audit_events")
    database.execute(change)
    assert events(database) != [("users.created", "system")]


def test_without_its_trigger_a_change_has_no_audit_event(database: Connection) -> None:
    """With the guard disabled."""
    database.execute("ALTER TABLE users DISABLE TRIGGER audit_created")
    add_user(database)
    assert events(database) == []


def test_a_table_becomes_an_audited_aggregate_and_back(database: Connection) -> None:
    database.execute(
        "CREATE TABLE safe_things (id uuid PRIMARY KEY DEFAULT uuidv7(), secret text, name text,"
        " version bigint DEFAULT 1, created_at timestamptz DEFAULT now(),"
        " updated_at timestamptz DEFAULT now())"
    )
    database.execute("SELECT groundwork_make_aggregate('safe_things', '{secret}')")
    database.execute("SELECT groundwork_audit('safe_things', '{secret}')")
    database.execute("INSERT INTO safe_things (secret, name) VALUES ('s', 'one')")
    database.execute("UPDATE safe_things SET name = 'two'")
    outbox = database.execute(
        "SELECT kind, version, data ? 'secret' FROM outbox"
        " WHERE aggregate = 'safe_things' ORDER BY id"
    )
    assert outbox.fetchall() == [("created", 1, False), ("updated", 2, False)]
    assert events(database) == [
        ("safe-things.created", "system"),
        ("safe-things.updated", "system"),
    ]
    database.execute("SELECT groundwork_unaudit('safe_things')")
    database.execute("SELECT groundwork_unmake_aggregate('safe_things')")
    database.execute("DELETE FROM safe_things")
    assert len(events(database)) == 2
