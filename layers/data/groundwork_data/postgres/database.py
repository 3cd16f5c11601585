"""Statements and transactions on the connection that one execution environment keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from groundwork_core.audit.actor import SYSTEM, Actor
from groundwork_data.postgres.constraints import as_domain_error
from groundwork_data.postgres.parameters import Parameters
from groundwork_data.postgres.prepared import PreparedTexts, TextRow
from groundwork_data.postgres.server_connection import ServerConnection
from groundwork_data.postgres.time_limit import execute_until
from groundwork_data.postgres.transaction import RunningTransaction
from groundwork_data.postgres.typed_connection import TypedConnection

if TYPE_CHECKING:
    from groundwork_core.outbox import Nudge
    from groundwork_data.secret_credentials import SecretUrl


def _no_nudge() -> None:
    """Do not wake the relay: for the relay itself, commands and tests."""


class Database:
    """Runs SQL on one connection, which is opened at the first event and kept for later ones.

    Outside a transaction every statement autocommits, so a simple read is one round trip. Inside a
    transaction every statement is part of it. A broken connection is opened again: a read is then
    tried once more, but a transaction is not, because it may have committed. A connection to a
    server that does not respond is closed.

    Raises (all methods): Unavailable when Postgres cannot be reached; Conflict or Invalid, naming
    the field, when a constraint is violated; RightsChanged when the actor's rights have changed.
    """

    actor: Actor = SYSTEM
    """The actor of transactions, which the audit log names. Set for every event."""

    def __init__(
        self,
        url: str | SecretUrl,
        *,
        application_name: str,
        prepare_threshold: int | None = 5,
    ) -> None:
        """`url` is a libpq URL.

        A `prepare_threshold` of None means never to prepare, for RDS Proxy.
        """
        self._prepare_threshold = prepare_threshold
        self._server = ServerConnection(
            url, application_name=application_name, prepare_threshold=prepare_threshold
        )
        self._prepared: PreparedTexts | None = None
        self._typed: TypedConnection | None = None
        self._running: RunningTransaction | None = None
        self.nudge: Nudge = _no_nudge
        """Wakes the relay after a commit that wrote to the outbox. The relay's own databases keep
        the default: what the relay writes must not wake it."""
        self._ends: float | None = None

    def row(self, sql: str, parameters: Parameters = None) -> TupleRow | None:
        """Run one statement and return its first row, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def rows(self, sql: str, parameters: Parameters = None) -> list[TupleRow]:
        """Run one statement and return all its rows (none if it returns none)."""
        with as_domain_error(), self._server.watched():
            try:
                return self._run(sql, parameters)
            except psycopg.OperationalError:
                if not self._may_retry():
                    raise
                return self._run(sql, parameters)

    @contextmanager
    def stopping_at(self, ends: float) -> Iterator[None]:
        """Let Postgres stop the statements of `row` and `rows` in the block at `ends`.

        `ends` is in seconds of time.monotonic(). A statement that is stopped raises TookTooLong.
        """
        self._ends = ends
        try:
            yield
        finally:
            self._ends = None

    def texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one reading statement with text parameters and values, in half the time of `rows`."""
        return self._read(PreparedTexts.run, sql, parameters)

    def texts_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one reading statement as `texts` does, planned for these parameter values."""
        return self._read(PreparedTexts.run_planned, sql, parameters)

    def write_texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one writing statement as `texts` does, but do not retry it."""
        return self._write(PreparedTexts.run, sql, parameters)

    def write_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one writing statement as `write_texts` does, planned for these parameter values."""
        return self._write(PreparedTexts.run_planned, sql, parameters)

    def write_change(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        """Run one statement that changes aggregates, commit, and wake the relay.

        Nothing was changed if it returns no rows.
        """
        return self._changed(self.write_texts(sql, parameters))

    def change_by_kept_plan(
        self, settings: bytes, sql: str, parameters: Sequence[object]
    ) -> list[TextRow]:
        """Run a statement as `write_change` does, by a plan made once under planner settings.

        `settings` are `SET LOCAL` statements. Inside a transaction they are not set.
        """
        return self._changed(self.write_by_kept_plan(settings, sql, parameters))

    def write_by_kept_plan(
        self, settings: bytes, sql: str, parameters: Sequence[object]
    ) -> list[TextRow]:
        """Run a statement as `change_by_kept_plan` does, without waking the relay."""
        if self._running is not None:
            return self.write_texts(sql, parameters)
        with as_domain_error(), self._server.watched():
            prepared = self.prepared_on(self._server.fresh())
            return prepared.run_by_kept_plan(settings, sql, parameters)

    def _changed(self, rows: list[TextRow]) -> list[TextRow]:
        if rows:
            self.mark_rights_checked()
            self.wrote_outbox()
        return rows

    def wrote_outbox(self) -> None:
        """Nudge the relay once after the open transaction commits; at once if none is open."""
        self.after_commit(self.nudge)

    def _write(
        self,
        run: Callable[[PreparedTexts, str, Sequence[object]], list[TextRow]],
        sql: str,
        parameters: Sequence[object],
    ) -> list[TextRow]:
        with as_domain_error():
            if self._running is not None:
                with self._running.part() as connection:
                    return run(self.prepared_on(connection), sql, parameters)
            with self._server.watched():
                return run(self.prepared_on(self._server.fresh()), sql, parameters)

    def _read(
        self,
        run: Callable[[PreparedTexts, str, Sequence[object]], list[TextRow]],
        sql: str,
        parameters: Sequence[object],
    ) -> list[TextRow]:
        with as_domain_error(), self._server.watched():
            try:
                return run(self.prepared_on(self._open()), sql, parameters)
            except psycopg.OperationalError:
                if not self._may_retry():
                    raise
                return run(self.prepared_on(self._open()), sql, parameters)

    @contextmanager
    def transaction(self, settings: bytes = b"") -> Iterator[Connection[TupleRow]]:
        """Run one transaction: commit at the end of the block, roll back on an exception.

        Inside another transaction it is a savepoint: an exception undoes only this block, and it
        commits with the outer transaction. `settings` are `SET LOCAL` statements to begin with; a
        savepoint does not run them.
        """
        if self._running is not None:
            with as_domain_error(), self._running.part() as connection:
                yield connection
            return
        with as_domain_error(), self._server.watched():
            running = RunningTransaction(self._server.fresh(), self.actor, settings)
            self._running = running
            try:
                with running.whole() as connection:
                    self.mark_rights_checked()
                    yield connection
            except psycopg.errors.InvalidSqlStatementName:
                self._prepared = self._typed = None  # the server has lost what was prepared
                raise
            finally:
                self._running = None
        running.run_callbacks()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after the open transaction commits; at once if none is open."""
        if self._running is None:
            callback()
        else:
            self._running.after_commit(callback)

    def mark_rights_checked(self) -> None:
        """Record that the actor's rights were checked with a write, once per request.

        The check runs with the first write, so that nothing is written if it fails.
        """
        if self.actor.rights_stamp:
            self.actor = replace(self.actor, rights_stamp="")

    @property
    def running(self) -> RunningTransaction | None:
        """The running transaction."""
        return self._running

    @property
    def in_transaction(self) -> bool:
        """True if a transaction is open; the actor is then set already."""
        return self._running is not None

    def close(self) -> None:
        """Close the connection. The next statement opens it again."""
        self._server.close()
        self._prepared = self._typed = None

    def _run(self, sql: str, parameters: Parameters) -> list[TupleRow]:
        if self._ends is None:
            return _rows(self._open().execute(sql, parameters))
        return _rows(execute_until(self._ends, self._open(), sql, parameters))

    def _open(self) -> Connection[TupleRow]:
        return self._server.open() if self._running is None else self._running.connection

    def prepared_on(self, connection: Connection[TupleRow]) -> PreparedTexts:
        """Return the runner of text statements for this database's connection or transaction."""
        prepared = self._prepared
        if prepared is None or prepared.connection is not connection:
            prepared = PreparedTexts(connection, self._prepare_threshold)
            self._prepared, self._typed = prepared, None
        return prepared

    def typed_on(self, connection: Connection[TupleRow]) -> TypedConnection:
        """Return the runner of a store's statements for this database's connection."""
        prepared = self.prepared_on(connection)
        if self._typed is None:
            self._typed = TypedConnection(prepared)
        return self._typed

    def _may_retry(self) -> bool:
        """Return whether the connection was lost outside a transaction: a read can be retried."""
        return self._running is None and self._server.is_lost


def _rows(cursor: Cursor[TupleRow]) -> list[TupleRow]:
    return cursor.fetchall() if cursor.description else []


def scalar(connection: Connection[Any], sql: str, parameters: Parameters = None) -> Any:
    """Run one statement in a transaction and return the first column of its first row."""
    rows = _rows(connection.execute(sql, parameters))
    return rows[0][0] if rows else None
