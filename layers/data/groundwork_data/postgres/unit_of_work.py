"""The unit of work on Postgres: one transaction with its commands and nudge."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from psycopg.types.json import Jsonb

from groundwork_data.postgres.stores import PostgresStores

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.outbox import Command
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.transaction import RunningTransaction

WROTE = (
    "SELECT xid::text, EXISTS (SELECT FROM outbox o WHERE o.xid = t.xid)"
    " FROM pg_current_xact_id_if_assigned() AS t(xid)"
)
"""The transaction's number, if it wrote something, and whether it wrote to the outbox."""
KEPT_PLANS = b"SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"
"""A plan that is made while a table is small would else scan it, and be kept while it grows."""


class PostgresUnitOfWork(PostgresStores):
    """Implements `Transaction` of every business area. An environment uses one at a time."""

    def __init__(self, database: Database, *, keeps_plans: bool = False) -> None:
        """`keeps_plans` is True if the first store that is used would do `keep_plans`.

        That saves a round trip.
        """
        self._database = database
        self._begins_with = KEPT_PLANS if keeps_plans else b""
        self._open: ExitStack | None = None
        self._connection: Connection[TupleRow] | None = None
        self._position: str | None = None
        self._whole: RunningTransaction | None = None

    @property
    def position(self) -> str | None:
        """The transaction number of the last commit that wrote something."""
        return self._position

    @property
    def connection(self) -> Connection[TupleRow]:
        """The connection of the running transaction. Raises RuntimeError outside `with work:`."""
        if self._connection is None:
            message = "a store was used outside `with work:`; begin the unit of work first"
            raise RuntimeError(message)
        return self._connection

    def keep_plans(self) -> None:
        """Run the statements of this transaction by plans that are made once, and use indexes."""
        if (running := self._database.running) is not None:
            running.set_once(KEPT_PLANS)

    def publish(self, *commands: Command) -> None:
        """Insert commands into the outbox, in this transaction."""
        if not commands:
            return
        rows = [(c.aggregate, c.aggregate_id, c.kind, Jsonb(c.data())) for c in commands]
        self.connection.execute(
            "INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)"
            " SELECT aggregate, id, 0, kind, data"
            " FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::jsonb[])"
            " AS command(aggregate, id, kind, data)",
            [list(column) for column in zip(*rows, strict=True)],
        )

    def __enter__(self) -> Self:
        """Begin the transaction."""
        self._position = None
        self._open = ExitStack()
        part = self._database.in_transaction
        self._connection = self._open.enter_context(self._database.transaction(self._begins_with))
        self._whole = None if part else self._database.running
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or roll back; then nudge the relay if the outbox was written."""
        stack, connection, whole = self._open, self._connection, self._whole
        self._open = self._whole = None
        if stack is None or connection is None:
            return
        wrote: str | None = None
        has_outbox_rows = False
        try:
            if kind is None and whole is not None:
                whole.ask_at_commit(self._database.prepared_on(connection).command(WROTE))
            elif kind is None:
                row = connection.execute(WROTE).fetchone()
                wrote, has_outbox_rows = row if row else (None, False)
        finally:
            self._connection = None
            stack.__exit__(kind, error, trace)
        if whole is not None and whole.returned is not None:
            wrote, has_outbox_rows = whole.returned[0], whole.returned[1] == "t"
        if wrote is not None:
            self._position = wrote
        if has_outbox_rows:
            self._database.wrote_outbox()
