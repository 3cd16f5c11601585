"""One running transaction, its savepoints, and callbacks after its commit.

It begins and ends through libpq, not through psycopg: the audit actor is set in the same round trip
as BEGIN, and a rollback keeps the connection's prepared statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import generators
from psycopg.pq import Escaping, TransactionStatus
from pydantic_core import to_json

from groundwork_core.audit.actor import SYSTEM
from groundwork_data.postgres.prepared import raise_on_error

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.audit.actor import Actor

ACTOR_TEXT_MAX = 200
"""Characters kept of each text about an actor; a gateway may pass on longer ones."""


class RunningTransaction:
    """A transaction on a connection, for an actor."""

    def __init__(
        self, connection: Connection[TupleRow], actor: Actor, settings: bytes = b""
    ) -> None:
        """`actor` is the principal of the transaction, which the audit log names.

        `settings` are `SET LOCAL` statements, which run in the same round trip as BEGIN.
        """
        self.connection = connection
        self._actor = actor
        self._begins_with = settings
        self._parts = 0
        self._question: bytes | None = None
        self.returned: tuple[str | None, ...] | None = None
        """The first row of what was asked with `ask_at_commit`, as text, after the commit."""
        self._after: list[Callable[[], None]] = []
        self._settings = {settings}

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once after the commit; never if the transaction is rolled back."""
        if callback not in self._after:
            self._after.append(callback)

    def set_once(self, settings: bytes) -> None:
        """Run `SET LOCAL` statements, unless this transaction has run them."""
        if settings not in self._settings:
            self._run(settings)
            self._settings.add(settings)

    def ask_at_commit(self, question: bytes) -> None:
        """Run one more reading statement, in the same round trip as the commit."""
        self._question = question

    @contextmanager
    def whole(self) -> Iterator[Connection[TupleRow]]:
        """Begin the transaction; commit at the end of the block, roll back on an error."""
        command = b"BEGIN"
        if self._actor is not SYSTEM:
            actor = actor_json(self._actor).encode()
            literal = Escaping(self.connection.pgconn).escape_literal(actor)
            command += b"; SELECT groundwork_act_as(" + literal + b")"
        if self._begins_with:
            command += b"; " + self._begins_with
        try:
            self._run(command)
        except psycopg.Error:
            self._undo(b"ROLLBACK")
            raise
        try:
            yield self.connection
        except BaseException:
            self._undo(b"ROLLBACK")
            raise
        if self.connection.pgconn.transaction_status == TransactionStatus.INERROR:
            # An error was swallowed: COMMIT would roll back without raising an error.
            self._undo(b"ROLLBACK")
            message = "a statement of this transaction failed and its error was swallowed"
            raise psycopg.errors.InFailedSqlTransaction(message)
        try:
            if self._question is None:
                self._run(b"COMMIT")
            else:
                self._commit_asking(self._question)
        except psycopg.Error:
            if self.connection.pgconn.transaction_status == TransactionStatus.INERROR:
                self._undo(b"ROLLBACK")
            raise

    @contextmanager
    def part(self) -> Iterator[Connection[TupleRow]]:
        """Begin a savepoint; an error in the block undoes only the block's changes."""
        self._parts += 1
        name = b"part_%d" % self._parts
        self._run(b"SAVEPOINT " + name)
        try:
            yield self.connection
        except BaseException:
            self._settings.clear()  # those of the block are undone
            self._undo(b"ROLLBACK TO SAVEPOINT " + name + b"; RELEASE SAVEPOINT " + name)
            raise
        self._run(b"RELEASE SAVEPOINT " + name)

    def run_callbacks(self) -> None:
        """Call the functions that `after_commit` registered."""
        for callback in self._after:
            callback()

    def _commit_asking(self, question: bytes) -> None:
        pgconn = self.connection.pgconn
        pgconn.send_query(question + b"; COMMIT")
        # Not by get_result alone: it waits without letting other threads run.
        results = self.connection.wait(generators.execute(pgconn))
        for result in results:
            raise_on_error(pgconn, result)
        asked = results[0]
        if asked.ntuples:
            values = (asked.get_value(0, column) for column in range(asked.nfields))
            self.returned = tuple(None if one is None else one.decode() for one in values)

    def _run(self, command: bytes) -> None:
        pgconn = self.connection.pgconn
        raise_on_error(pgconn, pgconn.exec_(command))

    def _undo(self, command: bytes) -> None:
        """Roll back; if that fails, close the connection, so that the server rolls back."""
        try:
            self._run(command)
        except psycopg.Error:
            self.connection.close()


def actor_json(actor: Actor) -> str:
    """Return an actor as JSON for groundwork_act_as(); audit triggers read `groundwork.actor`."""
    fields = {
        "actor": actor.principal,
        "actor_id": str(actor.user_id) if actor.user_id else None,
        "address": actor.address,
        "request_id": actor.request_id,
    }
    if actor.rights_stamp:
        fields["standing"] = actor.rights_stamp
        fields["key_id"] = str(actor.key_id) if actor.key_id else None
    return to_json({name: _storable(value) for name, value in fields.items() if value}).decode()


def _storable(text: str) -> str:
    """Shorten a text, and remove characters that jsonb cannot store."""
    if len(text) <= ACTOR_TEXT_MAX and text.isascii() and "\x00" not in text:
        return text
    return text[:ACTOR_TEXT_MAX].replace("\x00", "").encode("utf-8", "replace").decode()
