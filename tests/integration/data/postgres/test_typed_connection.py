"""Statements of stores through libpq: values and rows are those of psycopg's own cursor."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from groundwork_core.errors import Invalid
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.prepared import PreparedTexts
from groundwork_data.postgres.typed_connection import TypedConnection

ID = UUID("0195f0c2-7a3e-7c55-8f5e-2f0d3c1b9a77")
NOON = datetime(2026, 12, 1, 12, 0, 0, 250_000, tzinfo=UTC)
VALUES = {
    "uuid": ID,
    "text": 'O\'Neill \\ "quoted" {braces}, ü',
    "int4": 7,
    "int8": 2**40,
    "float8": 0.1,
    "boolean": True,
    "timestamptz": NOON,
    "jsonb": Jsonb({"a": [1, None, 'ü\\"']}),
}


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server_url, autocommit=True) as made:
        yield made


@pytest.fixture
def typed(connection: psycopg.Connection) -> TypedConnection:
    return TypedConnection(PreparedTexts(connection, 5))


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_as_with_a_cursor(
    name: str, connection: psycopg.Connection, typed: TypedConnection
) -> None:
    value = VALUES[name]
    one, many = f"SELECT %s::{name}", f"SELECT %s::{name}[]"
    for sql, given in ((one, value), (one, None), (many, [value, None, value]), (many, [])):
        expected = connection.execute(sql, [given]).fetchall()
        assert typed.execute(sql, [given]).fetchall() == expected


def test_types_are_given_where_a_statement_states_none(typed: TypedConnection) -> None:
    kinds = "SELECT pg_typeof(%(id)s)::text, pg_typeof(%(at)s)::text, pg_typeof(%(ids)s)::text"
    found = typed.execute(kinds, {"id": ID, "at": NOON, "ids": [ID]}).fetchone()
    assert found == ("uuid", "timestamp with time zone", "uuid[]")


def test_a_named_parameter_may_occur_twice(typed: TypedConnection) -> None:
    sql = "SELECT %(a)s::int, %(b)s::text, %(a)s::int + 1, 'a%%' LIKE 'a%%'"
    assert typed.execute(sql, {"a": 1, "b": "two"}).fetchone() == (1, "two", 2, True)


def test_a_statement_without_rows_has_none(typed: TypedConnection) -> None:
    statement = typed.execute("DO $$BEGIN END$$")
    assert statement.fetchall() == []
    assert statement.fetchone() is None


def test_a_text_with_nul_is_refused_and_not_cut_off(server_url: str) -> None:
    database = Database(server_url, application_name="test")
    with (
        pytest.raises(Invalid),
        database.transaction() as connection,
    ):
        database.typed_on(connection).execute("SELECT %s::text", ["a\0b"])
    with pytest.raises(Invalid):
        database.texts("SELECT %s::text", ["a\0b"])
    assert database.texts("SELECT %s::text", ["ab"]) == [("ab",)]
    database.close()


def test_a_type_without_a_rule_is_refused(typed: TypedConnection) -> None:
    with pytest.raises(TypeError, match="bytes"):
        typed.execute("SELECT %s", [b"ab"])


def test_the_connection_of_a_transaction_is_kept(server_url: str) -> None:
    database = Database(server_url, application_name="test")
    with database.transaction() as connection:
        first = database.typed_on(connection)
    with database.transaction() as connection:
        assert database.typed_on(connection) is first
    database.close()
    with database.transaction() as connection:
        assert database.typed_on(connection) is not first
    database.close()
