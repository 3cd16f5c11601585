"""Each aggregate that the tables declare: one write is one version and one row of the outbox."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from groundwork_data.postgres.tables import Row
from groundwork_data.postgres.tables.row import Aggregate

Connection = psycopg.Connection[Any]

# The audit log is only ever added to, and nobody is told of it.
NEVER_TOLD = {"audit_events"}
AGGREGATES = sorted(
    str(mapper.local_table)
    for mapper in Row.registry.mappers
    if issubclass(mapper.class_, Aggregate) and str(mapper.local_table) not in NEVER_TOLD
)
GUARDS = ("bump_version", "outbox_created", "outbox_updated", "outbox_deleted")


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    """Tables without rules on values, so that any row will do; the triggers are all there."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rules = connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace"
        ).fetchall()
        for table, name in rules:
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.SQL(table), sql.Identifier(name)
                )
            )
        yield connection


def needed(database: Connection, table: str) -> dict[str, str]:
    """The columns that a row must state, with some value of their type."""
    found = database.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull"
        " AND NOT atthasdef AND attidentity = ''",
        (table,),
    ).fetchall()
    values = {
        "uuid": "uuidv7()",
        "jsonb": "'{}'",
        "bytea": "sha256(uuidv7()::text::bytea)",
        "text": "'some ' || uuidv7()",
        "timestamp with time zone": "now()",
        "boolean": "false",
        "vector": "'[1,2]'",
    }
    by_category = {"A": "'{}'", "N": "1"}
    return {name: values.get(kind) or by_category[category] for name, kind, category in found}


def a_life(database: Connection, table: str) -> list[tuple[str, int]]:
    """Insert, change and delete one row; return what the outbox says of it."""
    columns = needed(database, table)
    (id_,) = database.execute(  # type: ignore[misc]
        f"INSERT INTO {table} ({', '.join(['id', *columns])})"
        f" VALUES ({', '.join(['uuidv7()', *columns.values()])}) RETURNING id"
    ).fetchone()
    database.execute(f"UPDATE {table} SET version = version + 7 WHERE id = %s", (id_,))
    database.execute(f"DELETE FROM {table} WHERE id = %s", (id_,))
    return database.execute(
        "SELECT kind, version FROM outbox WHERE aggregate = %s AND aggregate_id = %s ORDER BY id",
        (table, id_),
    ).fetchall()


WHOLE = [("created", 1), ("updated", 2), ("deleted", 3)]


def test_there_are_aggregates() -> None:
    assert {"entities", "relationships", "sources", "documents", "users"} <= set(AGGREGATES)


@pytest.mark.parametrize("table", AGGREGATES)
def test_a_life_is_told_version_by_version(database: Connection, table: str) -> None:
    assert a_life(database, table) == WHOLE


@pytest.mark.parametrize("guard", GUARDS)
def test_without_one_of_its_triggers_an_aggregate_is_noticed(
    database: Connection, guard: str
) -> None:
    database.execute(f"ALTER TABLE sources DISABLE TRIGGER {guard}")
    assert a_life(database, "sources") != WHOLE


def test_a_table_that_is_only_declared_an_aggregate_is_noticed(database: Connection) -> None:
    database.execute(
        "CREATE TABLE forgotten (id uuid, version bigint DEFAULT 1, name text NOT NULL)"
    )
    assert a_life(database, "forgotten") == []
