"""Read the outbox in commit order, with one reader per destination.

The order of `id` is not the commit order: a transaction that began early may commit late, and
`id > last` would skip its rows. So each row has the number of its transaction (`xid`), and only
rows with a number below that of every running transaction (`pg_snapshot_xmin`) are read: no row
can appear before them any more.

A reader holds an advisory lock, not a row lock. A row lock would give the reader a transaction
number of its own, and a slow destination would then delay the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Backlog, OutboxBatch

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

WHOLE_TRANSACTION = 2**63 - 1
"""The cursor's `id` when all rows of its transaction are delivered."""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('groundwork:outbox:' || %s, 0))"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('groundwork:outbox:' || %s, 0))"

POSITION = "SELECT (xid::text)::bigint, id, seq FROM outbox_cursors WHERE destination = %s"

# One statement has one snapshot, so its rows and its horizon agree. Of other aggregates only the
# first row is returned, and those that say where the batch ends: the last one and the one after it.
TAKE = """
SELECT h.xmin, o.place, (o.xid::text)::bigint, o.id, o.aggregate, o.aggregate_id, o.version, o.kind,
    o.data, o.became
FROM (SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint AS xmin) h
LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT *, row_number() OVER (ORDER BY xid, id) AS place FROM outbox
        WHERE (xid, id) > (%(xid)s::text::xid8, %(id)s)
            AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, id LIMIT %(limit)s + 1
    ) passed
    WHERE aggregate = ANY (%(aggregates)s) OR place = 1 OR place >= %(limit)s
) o ON true
ORDER BY o.xid, o.id
"""

# The first row beyond the cursor is the oldest, whether or not it can be read yet.
BACKLOG = """
WITH position AS MATERIALIZED (
    SELECT xid, id FROM outbox_cursors WHERE destination = %(destination)s
)
SELECT o.xid < pg_snapshot_xmin(pg_current_snapshot()),
    extract(epoch FROM clock_timestamp() - o.created_at)::float8
FROM outbox o
WHERE (o.xid, o.id) > ((SELECT xid FROM position), (SELECT id FROM position))
ORDER BY o.xid, o.id LIMIT 1
"""

REACHED = """
SELECT %(position)s::text::xid8 < pg_snapshot_xmin(pg_current_snapshot()) AND NOT EXISTS (
    SELECT FROM outbox o, outbox_cursors c
    WHERE c.destination = %(destination)s AND (o.xid, o.id) > (c.xid, c.id)
        AND o.xid <= %(position)s::text::xid8
)
"""


class PostgresOutbox:
    """Implements `OutboxStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def lock(self, destination: str) -> None:
        """Wait for the lock of a destination; hold it until the transaction ends.

        Later statements of the transaction see everything that the previous holder committed.
        """
        self._connection.execute(LOCK, (destination,))

    def take(self, destination: str, limit: int, aggregates: Collection[str]) -> OutboxBatch | None:
        """Lock a destination and return its next rows; None if another relay has the lock."""
        # A statement of its own: the next one sees what the last holder committed.
        locked = self._connection.execute(TRY_LOCK, (destination,)).fetchone()
        if locked is None or not locked[0]:
            return None
        position = self._connection.execute(POSITION, (destination,)).fetchone()
        if position is None:
            message = f"outbox_cursors has no row for the destination {destination!r}"
            raise LookupError(message)
        return self._read((position[0], position[1]), position[2], limit, aggregates)

    def take_after(
        self, taken: OutboxBatch, limit: int, aggregates: Collection[str]
    ) -> OutboxBatch:
        """Return the rows after `taken`, within the same transaction and lock."""
        return self._read(taken.upto, taken.last_seq, limit, aggregates)

    def _read(
        self, after: tuple[int, int], last_seq: int, limit: int, aggregates: Collection[str]
    ) -> OutboxBatch:
        found = self._connection.execute(
            TAKE,
            {"xid": str(after[0]), "id": after[1], "limit": limit, "aggregates": list(aggregates)},
        ).fetchall()
        horizon, places = found[0][0], [row[1] for row in found]
        passed = [OutboxRow(*row[2:]) for row in found if row[1] is not None]
        wanted = tuple(
            row
            for place, row in zip(places, passed, strict=False)
            if place <= limit and row.aggregate in aggregates
        )
        if not passed or places[-1] <= limit:
            upto = (horizon - 1, WHOLE_TRANSACTION)
            return OutboxBatch(wanted, upto, last_seq, all=True, moves=bool(passed))
        last, following = passed[-2:]
        whole = following.xid != last.xid
        upto = (last.xid, WHOLE_TRANSACTION if whole else last.id)
        return OutboxBatch(wanted, upto, last_seq, all=False)

    def advance(self, destination: str, upto: tuple[int, int]) -> None:
        """Move a destination's cursor to (xid, id)."""
        self._connection.execute(
            "UPDATE outbox_cursors SET xid = %s::text::xid8, id = %s, moved_at = clock_timestamp()"
            " WHERE destination = %s",
            (str(upto[0]), upto[1], destination),
        )

    def number(self, ids: Sequence[int], last_seq: int) -> None:
        """Set the seq of rows in their order: the first gets `last_seq` + 1."""
        self._connection.execute(
            "UPDATE outbox o SET seq = %s + n.place"
            " FROM unnest(%s::bigint[]) WITH ORDINALITY AS n(id, place) WHERE o.id = n.id",
            (last_seq, list(ids)),
        )
        self._connection.execute(
            "UPDATE outbox_cursors SET seq = %s WHERE destination = 'live'", (last_seq + len(ids),)
        )


class PostgresBacklogs:
    """Implements `Backlogs` with single statements, outside transactions."""

    def __init__(self, database: Database) -> None:
        """No other thread may use `database`."""
        self._database = database

    def of(self, destination: str) -> Backlog:
        """Return the rows that a destination has not received yet: their number and age."""
        row = self._database.row(BACKLOG, {"destination": destination})
        if row is None:
            return Backlog(ready=False, waiting=False, lag_seconds=0.0)
        return Backlog(ready=row[0], waiting=True, lag_seconds=max(row[1], 0.0))

    def reached(self, destination: str, position: str) -> bool:
        """Return whether a destination has received everything up to a position.

        Raises:
            Invalid: the position is not a decimal number of 64 bits.
        """
        row = self._database.row(REACHED, {"destination": destination, "position": position})
        return bool(row and row[0])
