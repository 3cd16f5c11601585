"""One running transaction, its parts, and what happens after its commit.

Begun and ended through libpq itself, not through psycopg: who acts is said in the round trip that
begins it, and a rollback does not cost the connection its prepared statements.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import Escaping, TransactionStatus

from groundwork_core.audit.actor import SYSTEM
from groundwork_data.postgres.prepared import must_be_done

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.audit.actor import Actor

TOLD_MAX = 200
"""Characters of each thing that is said of an actor; what a gateway passes on may be longer."""


class RunningTransaction:
    """Holds a transaction on a connection. `with`: commits at the end, rolls back on an error."""

    def __init__(self, connection: Connection[TupleRow], actor: Actor) -> None:
        """Take the connection, and who acts."""
        self.connection = connection
        self._actor = actor
        self._parts = 0
        self._after: list[Callable[[], None]] = []

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do something once the transaction has been committed; not at all if it is rolled back."""
        if act not in self._after:
            self._after.append(act)

    @contextmanager
    def whole(self) -> Iterator[Connection[TupleRow]]:
        """Begin it, and end it."""
        command = b"BEGIN"
        if self._actor is not SYSTEM:
            said = actor_json(self._actor).encode()
            literal = Escaping(self.connection.pgconn).escape_literal(said)
            command += b"; SELECT groundwork_act_as(" + literal + b")"
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
            # An error was swallowed: COMMIT would roll back, and say so only in passing.
            self._undo(b"ROLLBACK")
            message = "a statement of this transaction failed, and nobody said so"
            raise psycopg.errors.InFailedSqlTransaction(message)
        self._run(b"COMMIT")

    @contextmanager
    def part(self) -> Iterator[Connection[TupleRow]]:
        """Hold a part that can be undone without the rest: a savepoint."""
        self._parts += 1
        name = b"part_%d" % self._parts
        self._run(b"SAVEPOINT " + name)
        try:
            yield self.connection
        except BaseException:
            self._undo(b"ROLLBACK TO SAVEPOINT " + name + b"; RELEASE SAVEPOINT " + name)
            raise
        self._run(b"RELEASE SAVEPOINT " + name)

    def settle(self) -> None:
        """Do what was to be done after the commit."""
        for act in self._after:
            act()

    def _run(self, command: bytes) -> None:
        pgconn = self.connection.pgconn
        must_be_done(pgconn, pgconn.exec_(command))

    def _undo(self, command: bytes) -> None:
        """Undo, or close a connection on which that is not possible: the server then undoes."""
        try:
            self._run(command)
        except psycopg.Error:
            self.connection.close()


def actor_json(actor: Actor) -> str:
    """Say who acts, for groundwork_act_as(); audit triggers read it in `groundwork.actor`."""
    said = {
        "actor": actor.principal,
        "actor_id": str(actor.user_id) if actor.user_id else None,
        "address": actor.address,
        "request_id": actor.request_id,
    }
    if actor.standing:
        said["standing"] = actor.standing
        said["key_id"] = str(actor.key_id) if actor.key_id else None
    return json.dumps({name: _storable(value) for name, value in said.items() if value})


def _storable(text: str) -> str:
    """Leave out what a jsonb cannot hold."""
    return text[:TOLD_MAX].replace("\x00", "").encode("utf-8", "replace").decode()
