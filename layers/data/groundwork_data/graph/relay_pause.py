"""Pause the relay's deliveries to the graph while a new store is built.

The new store must receive from the outbox everything that is committed after the export's snapshot.
So no relay may deliver to the graph from before the snapshot until the new store is in use. The
pause holds the lock of that destination.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

from groundwork_data.postgres.constraints import as_domain_error
from groundwork_data.postgres.outbox import WHOLE_TRANSACTION

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

PATIENCE = "SET lock_timeout = '60s'"
# The lock of `postgres.outbox`, for as long as the connection lasts.
LOCK = "SELECT pg_advisory_lock(hashtextextended('groundwork:outbox:graph', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('groundwork:outbox:graph', 0))"
# Only forward: rows before the cursor may have been deleted from the outbox.
ADVANCE = """
UPDATE outbox_cursors SET xid = %(xid)s::text::xid8, id = %(id)s, moved_at = clock_timestamp()
WHERE destination = 'graph' AND (xid, id) < (%(xid)s::text::xid8, %(id)s)
"""


class RelayPause:
    """The pause that `pause_relay` holds."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def confirm(self) -> None:
        """Check that the lock is still held. Raises Unavailable if the connection was lost."""
        with as_domain_error():
            self._connection.execute("SELECT 1")

    def advance(self, horizon: int) -> None:
        """Move the graph's cursor to the horizon of the snapshot. Raises Unavailable.

        An optimization: without it the relay delivers the older rows again, and the graph ignores
        them.
        """
        with as_domain_error():
            given = {"xid": str(horizon - 1), "id": WHOLE_TRANSACTION}
            self._connection.execute(ADVANCE, given)


@contextmanager
def pause_relay(database_url: str) -> Iterator[RelayPause]:
    """Stop all relays from delivering to the graph in the block. Raises Unavailable."""
    with as_domain_error():
        connection = psycopg.connect(
            database_url, autocommit=True, application_name="groundwork graph rebuild"
        )
    with connection:
        with as_domain_error():
            connection.execute(PATIENCE)
            connection.execute(LOCK)
        yield RelayPause(connection)
        # After a connection is closed, its server process may hold the lock a moment longer.
        with suppress(psycopg.Error):
            connection.execute(UNLOCK)
