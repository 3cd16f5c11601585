"""Statements whose parameters and results are text, run by libpq itself.

psycopg's cursors adapt types both ways, which costs more than half of a simple read: 0.09 ms of
CPU beside 0.03 here (docs/decisions/0012-lean-reads.md). What Postgres itself has made into JSON
needs none of it.
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
"""Statements kept prepared per connection; further ones are planned each time."""
_numbers = count()
TextRow = tuple[str | None, ...]


class PreparedTexts:
    """What one connection has prepared."""

    def __init__(self, connection: Connection[TupleRow], threshold: int | None) -> None:
        """Take the connection. `threshold` None: never prepare (RDS Proxy would pin)."""
        self.connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._names: dict[str, bytes] = {}
        self._prepares = threshold is not None

    def run(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement with `%s` for each parameter, or `$1`, `$2`, …; return rows as text.

        Raises:
            psycopg.Error: as the server says; OperationalError when the connection was lost.
        """
        values = [_text(value) for value in parameters]
        try:
            return self._run(sql, values)
        except InvalidSqlStatementName:
            # Somebody has deallocated them, as a pooler between us and the server may.
            if self._pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            self._names.clear()
            return self._run(sql, values)

    def run_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one as `run` does, but let Postgres look at these values before it plans."""
        values = [_text(value) for value in parameters]
        return self._rows(self._pgconn.exec_params(numbered(sql), values))

    def _run(self, sql: str, values: list[bytes | None]) -> list[TextRow]:
        name = self._names.get(sql) or self._prepare(sql)
        if name is None:
            return self._rows(self._pgconn.exec_params(numbered(sql), values))
        # NULLs are taken although the type does not say so.
        return self._rows(self._pgconn.exec_prepared(name, cast("Sequence[bytes]", values)))

    def _rows(self, result: PGresult) -> list[TextRow]:
        must_be_done(self._pgconn, result)
        get, columns = result.get_value, range(result.nfields)
        return [
            tuple([_read(get(row, column)) for column in columns]) for row in range(result.ntuples)
        ]

    def _prepare(self, sql: str) -> bytes | None:
        if not self._prepares or len(self._names) >= KEPT_MAX:
            return None
        name = f"gw_{next(_numbers)}".encode()
        must_be_done(self._pgconn, self._pgconn.prepare(name, numbered(sql)))
        self._names[sql] = name
        return name


def must_be_done(pgconn: PGconn, result: PGresult) -> None:
    """Raise psycopg's error of a result that is one; OperationalError: the connection is lost."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(pgconn.get_error_message())
    raise error_from_result(result)


@cache
def numbered(sql: str) -> bytes:
    """Turn each `%s` into `$1`, `$2`, …, as libpq has it."""
    first, *rest = sql.split("%s")
    numbers = count(1)
    return (first + "".join(f"${next(numbers)}{part}" for part in rest)).encode()


def _text(value: object) -> bytes | None:
    return None if value is None else str(value).encode()


def _read(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
