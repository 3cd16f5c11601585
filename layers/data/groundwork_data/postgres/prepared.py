"""Run prepared statements through libpq, without psycopg's cursors.

A cursor takes 0.09 ms of CPU for a simple read, this 0.02 (docs/decisions/0012-lean-reads.md and
0124-stores-without-cursors.md). Rows are texts here; typed_connection.py converts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, Escaping, ExecStatus, TransactionStatus
from psycopg.types.string import TextLoader

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.abc import Transformer as AdaptsRows
    from psycopg.pq.abc import PGconn, PGresult
    from psycopg.rows import TupleRow

KEPT_MAX = 200
"""Prepared statements kept per connection; further statements are planned at each run."""
_numbers = count()
TextRow = tuple[str | None, ...]
Oids = tuple[int, ...]
"""Numbers of Postgres' types; 0 lets Postgres infer the type."""


class _AllTexts:
    """Makes a Transformer load every type as text."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap()
        self.adapters.register_loader(0, TextLoader)  # 0: types without a loader of their own


class PreparedTexts:
    """Runs text statements on one connection, prepares them and keeps them prepared."""

    def __init__(self, connection: Connection[TupleRow], threshold: int | None) -> None:
        """A `threshold` of None means never to prepare: RDS Proxy would pin the connection."""
        self.connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._names: dict[tuple[bytes, Oids], bytes] = {}
        self._prepares = threshold is not None
        self._texts = Transformer(_AllTexts())

    def run(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement and return its rows as text.

        Parameters are written as `%s`, or as `$1`, `$2`, ….

        Raises:
            psycopg.Error: the server's error; OperationalError when the connection was lost.
        """
        return self._rows(self.result(numbered(sql), [as_text(value) for value in parameters]))

    def run_by_kept_plan(
        self, settings: bytes, sql: str, parameters: Sequence[object]
    ) -> list[TextRow]:
        """Run one statement outside a transaction as `run` does, by a plan that is made once.

        Args:
            settings: `SET LOCAL` statements for the planner, under which the plan is made.
            sql: the statement.
            parameters: its values.
        """
        text, values = numbered(sql), [as_text(value) for value in parameters]
        return self._rows(self._again_if_lost(lambda: self._execute(settings, text, values)))

    def command(self, sql: str) -> bytes:
        """Return SQL that runs a statement without parameters in the open transaction.

        It is prepared if possible.
        """
        if self._pgconn.transaction_status != TransactionStatus.INTRANS:
            return sql.encode()
        name = self._name(sql.encode(), ())
        return sql.encode() if name is None else b"EXECUTE " + name

    def run_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement as `run` does, planned for these parameter values."""
        values = [as_text(value) for value in parameters]
        return self._rows(self._checked(self._pgconn.exec_params(numbered(sql), values)))

    def result(self, sql: bytes, values: Sequence[bytes | None], types: Oids = ()) -> PGresult:
        """Run one statement with `$1`, `$2`, … and return libpq's result.

        `types` are the types of the values; without them, Postgres infers them from the statement.

        Raises the errors of `run`.
        """
        return self._again_if_lost(lambda: self._result(sql, values, types))

    def _again_if_lost(self, run: Callable[[], PGresult]) -> PGresult:
        try:
            return run()
        except InvalidSqlStatementName:
            # The prepared statements were deallocated, for example by a connection pooler.
            self._names.clear()
            if self._pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            return run()

    def _execute(self, settings: bytes, sql: bytes, values: Sequence[bytes | None]) -> PGresult:
        name = self._name(sql, ())
        if name is None:
            return self._result(sql, values, ())
        escaping = Escaping(self._pgconn)
        given = b",".join(
            b"NULL" if value is None else escaping.escape_literal(value) for value in values
        )
        # One message is one transaction, in which the settings apply.
        return self._checked(self._pgconn.exec_(b"%b; EXECUTE %b(%b)" % (settings, name, given)))

    def _result(self, sql: bytes, values: Sequence[bytes | None], types: Oids) -> PGresult:
        name = self._name(sql, types)
        if name is None:
            return self._checked(self._pgconn.exec_params(sql, values, types or None))
        # libpq accepts None for NULL, although the type hint does not allow it.
        return self._checked(self._pgconn.exec_prepared(name, cast("Sequence[bytes]", values)))

    def _checked(self, result: PGresult) -> PGresult:
        raise_on_error(self._pgconn, result)
        return result

    def _rows(self, result: PGresult) -> list[TextRow]:
        return load_rows(self._texts, result)

    def _name(self, sql: bytes, types: Oids) -> bytes | None:
        return self._names.get((sql, types)) or self._prepare(sql, types)

    def _prepare(self, sql: bytes, types: Oids) -> bytes | None:
        if not self._prepares or len(self._names) >= KEPT_MAX:
            return None
        name = f"gw_{next(_numbers)}".encode()
        raise_on_error(self._pgconn, self._pgconn.prepare(name, sql, types))
        self._names[sql, types] = name
        return name


def load_rows(transformer: AdaptsRows, result: PGresult) -> list[tuple[Any, ...]]:
    """Return the rows of a result, converted by a transformer."""
    transformer.set_pgresult(result)
    rows: list[tuple[Any, ...]] = transformer.load_rows(0, result.ntuples, tuple)
    transformer.set_pgresult(None)  # else it would keep a large result in memory
    return rows


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


def as_text(value: object) -> bytes | None:
    """Return a value as a text parameter of libpq.

    Raises:
        psycopg.DataError: it has a NUL character, where libpq would cut it off.
    """
    if value is None:
        return None
    text = str(value).encode()
    if b"\0" in text:
        message = "a text of Postgres cannot contain the NUL character"
        raise psycopg.DataError(message)
    return text
