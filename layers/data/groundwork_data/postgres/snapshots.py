"""Read all rows of a resource as of one moment, as a stream."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql

from groundwork_core.exports.ports import Snapshot
from groundwork_data.postgres.resource_sql import shown_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.resources.resource import Resource
    from groundwork_data.postgres.database import Database

ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
TIME_LIMIT = "SELECT now(), set_config('statement_timeout', %s, true)"


class PostgresSnapshots:
    """Implements `Snapshots`, on a connection of its own."""

    def __init__(self, connect: Callable[[], Database], limit_seconds: int) -> None:
        """`connect` returns a database that nothing else uses; `limit_seconds` limits reading."""
        self._connect = connect
        self._limit_seconds = limit_seconds

    @contextmanager
    def of(self, resource: Resource, since: datetime | None) -> Iterator[Snapshot]:
        """Read the rows that were changed since a time, in one transaction; None: all rows.

        COPY sends rows while they are read, so neither side holds them all.
        """
        database = self._connect()
        try:
            with database.transaction() as connection:
                connection.execute(ONE_MOMENT)
                row = connection.execute(TIME_LIMIT, (f"{self._limit_seconds}s",)).fetchone()
                if row is None:
                    message = "a SELECT without FROM returned no row"
                    raise RuntimeError(message)
                yield Snapshot(row[0], _rows(connection, _copy(resource, since)))
        finally:
            database.close()


def _rows(connection: Connection[TupleRow], statement: sql.Composed) -> Iterator[str]:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["text"])
        for (text,) in copy.rows():
            # A line break in JSON is never part of a value.
            yield text.replace("\n", " ")


def _copy(resource: Resource, since: datetime | None) -> sql.Composed:
    """Return the statement for all rows in the order of their ids, as lists of the API show them.

    COPY takes no parameters. All names are those of a resource's definition.
    """
    changed = (
        sql.SQL(" WHERE t.updated_at >= {}").format(sql.Literal(since)) if since else sql.SQL("")
    )
    return sql.SQL(
        "COPY (SELECT row_to_json(shown)::text FROM"
        " (SELECT {columns} FROM {table} t{changed} ORDER BY t.id) shown) TO STDOUT"
    ).format(
        columns=sql.SQL(shown_columns(resource)),
        table=sql.Identifier(resource.name.replace("-", "_")),
        changed=changed,
    )
