"""Run statements with text parameters and text results through libpq.

psycopg's cursors convert types in both directions, which costs more than half of a simple read:
0.09 ms of CPU against 0.03 here (docs/decisions/0012-lean-reads.md). JSON that Postgres made needs
no conversion.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, cast

import psycopg
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGconn, PGresult
    from psycopg.rows import TupleRow

KEPT_MAX = 200
"""Prepared statements kept per connection; further statements are planned at each run."""
_numbers = count()
TextRow = tuple[str | None, ...]


class PreparedTexts:
    """Runs text statements on one connection and keeps them prepared."""

    def __init__(self, connection: Connection[TupleRow], threshold: int | None) -> None:
        """`threshold` None: never prepare, because RDS Proxy would pin the connection."""
        self.connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._names: dict[str, bytes] = {}
        self._prepares = threshold is not None

    def run(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement and return its rows as text.

        Parameters are written as `%s`, or as `$1`, `$2`, ….

        Raises:
            psycopg.Error: the server's error; OperationalError when the connection was lost.
        """
        values = [_text(value) for value in parameters]
        try:
            return self._run(sql, values)
        except InvalidSqlStatementName:
            # The prepared statements were deallocated, for example by a connection pooler.
            if self._pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            self._names.clear()
            return self._run(sql, values)

    def run_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement as `run` does, planned for these parameter values."""
        values = [_text(value) for value in parameters]
        return self._rows(self._pgconn.exec_params(numbered(sql), values))

    def _run(self, sql: str, values: list[bytes | None]) -> list[TextRow]:
        name = self._names.get(sql) or self._prepare(sql)
        if name is None:
            return self._rows(self._pgconn.exec_params(numbered(sql), values))
        # libpq accepts None for NULL, although the type hint does not allow it.
        return self._rows(self._pgconn.exec_prepared(name, cast("Sequence[bytes]", values)))

    def _rows(self, result: PGresult) -> list[TextRow]:
        raise_on_error(self._pgconn, result)
        get, columns = result.get_value, range(result.nfields)
        return [
            tuple([_read(get(row, column)) for column in columns]) for row in range(result.ntuples)
        ]

    def _prepare(self, sql: str) -> bytes | None:
        if not self._prepares or len(self._names) >= KEPT_MAX:
            return None
        name = f"gw_{next(_numbers)}".encode()
        raise_on_error(self._pgconn, self._pgconn.prepare(name, numbered(sql)))
        self._names[sql] = name
        return name


def raise_on_error(pgconn: PGconn, result: PGresult) -> None:
    """Raise psycopg's error if a result is an error; OperationalError if the connection is lost."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(pgconn.get_error_message())
    raise error_from_result(result)


@cache
def numbered(sql: str) -> bytes:
    """Replace each `%s` by `$1`, `$2`, …, the placeholders of libpq."""
    first, *rest = sql.split("%s")
    numbers = count(1)
    return (first + "".join(f"${next(numbers)}{part}" for part in rest)).encode()


def _text(value: object) -> bytes | None:
    return None if value is None else str(value).encode()


def _read(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
