"""One held connection to Postgres, for one execution environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.errors import Unavailable
from groundwork_data.postgres.constraints import as_domain_error
from groundwork_data.postgres.prepared import PreparedTexts, TextRow

CONNECT_TIMEOUT_SECONDS = 3

Parameters = Sequence[object] | dict[str, object] | None


class Database:
    """Runs SQL on one connection that is kept between events and opened at the first.

    Outside a transaction every statement commits by itself, so a simple read is one round trip.
    A connection found broken is opened anew: a read is then tried once more, a transaction is not,
    for nobody knows whether it had committed.

    Raises (all methods): Unavailable when Postgres cannot be reached; Conflict or Invalid when a
    constraint is broken, naming the field.
    """

    def __init__(
        self, url: str, *, application_name: str, prepare_threshold: int | None = 5
    ) -> None:
        """Take a libpq URL. `prepare_threshold` None: never prepare (RDS Proxy would pin)."""
        self._url = url
        self._application_name = application_name
        self._prepare_threshold = prepare_threshold
        self._connection: Connection[TupleRow] | None = None
        self._prepared: PreparedTexts | None = None

    def row(self, sql: str, parameters: Parameters = None) -> TupleRow | None:
        """Run one statement and return its first row, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def rows(self, sql: str, parameters: Parameters = None) -> list[TupleRow]:
        """Run one statement and return all its rows (none if it returns none)."""
        with as_domain_error():
            try:
                return _run(self._open(), sql, parameters)
            except psycopg.OperationalError:
                if not self._broken():
                    raise
                return _run(self._open(), sql, parameters)

    def texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one reading statement; parameters go and values come as text, in half the time."""
        with as_domain_error():
            try:
                return self.prepared_on(self._open()).run(sql, parameters)
            except psycopg.OperationalError:
                if not self._broken():
                    raise
                return self.prepared_on(self._open()).run(sql, parameters)

    def write_texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one writing statement as `texts` does, but never twice."""
        with as_domain_error():
            connection = self._open()
            if self._stale(connection):
                connection = self._open()
            return self.prepared_on(connection).run(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[Connection[TupleRow]]:
        """Hold one transaction: commit at the end, roll back on an exception."""
        with as_domain_error():
            connection = self._open()
            if self._stale(connection):
                connection = self._open()
            try:
                with connection.transaction():
                    yield connection
            except BaseException:
                if self._prepared is not None:
                    self._prepared.forget()
                raise

    def close(self) -> None:
        """Close the connection. It opens again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection[TupleRow]:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    application_name=self._application_name,
                    prepare_threshold=self._prepare_threshold,
                )
            except psycopg.OperationalError as error:
                raise Unavailable("The database cannot be reached.") from error
        return self._connection

    def prepared_on(self, connection: Connection[TupleRow]) -> PreparedTexts:
        """Return what runs text statements on a connection of ours, e.g. in its transaction."""
        prepared = self._prepared
        if prepared is None or prepared.connection is not connection:
            prepared = PreparedTexts(connection, self._prepare_threshold)
            self._prepared = prepared
        return prepared

    def _broken(self) -> bool:
        return self._connection is None or self._connection.broken or self._connection.closed

    def _stale(self, connection: Connection[TupleRow]) -> bool:
        """Look, without a round trip, whether the server has closed the connection meanwhile."""
        try:
            # The first look may find the server's last words, the second that it hung up.
            connection.pgconn.consume_input()
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            connection.close()
            return True
        if connection.pgconn.status != psycopg.pq.ConnStatus.OK:
            connection.close()
            return True
        return False


def _run(connection: Connection[TupleRow], sql: str, parameters: Parameters) -> list[TupleRow]:
    cursor = connection.execute(sql, parameters)
    return cursor.fetchall() if cursor.description else []


def scalar(connection: Connection[Any], sql: str, parameters: Parameters = None) -> Any:
    """Run one statement in a transaction and return the first column of its first row."""
    rows = _run(connection, sql, parameters)
    return rows[0][0] if rows else None
