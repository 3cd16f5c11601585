"""The graph's place in the outbox stands still while its store is made anew.

What was committed after the snapshot must come to the new store from the outbox. So from before
the snapshot until the switch no relay may carry anything to the graph: we hold the relays' lock.
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
# Only forward: what lies behind the cursor may be gone from the outbox.
ADVANCE = """
UPDATE outbox_cursors SET xid = %(xid)s::text::xid8, id = %(id)s, moved_at = clock_timestamp()
WHERE destination = 'graph' AND (xid, id) < (%(xid)s::text::xid8, %(id)s)
"""


class RelayPause:
    """Held from `standstill`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def confirm(self) -> None:
        """See that the lock is still ours. Raises Unavailable: it was lost with the connection."""
        with as_domain_error():
            self._connection.execute("SELECT 1")

    def advance(self, horizon: int) -> None:
        """Say that the graph has had what transactions below the horizon did. Raises Unavailable.

        A saving, no need: without it the relay brings all that again, to a graph that takes only
        what is newer.
        """
        with as_domain_error():
            given = {"xid": str(horizon - 1), "id": WHOLE_TRANSACTION}
            self._connection.execute(ADVANCE, given)


@contextmanager
def pause_relay(database_url: str) -> Iterator[RelayPause]:
    """Keep every relay from carrying to the graph. Raises Unavailable."""
    with as_domain_error():
        connection = psycopg.connect(
            database_url, autocommit=True, application_name="groundwork graph rebuild"
        )
    with connection:
        with as_domain_error():
            connection.execute(PATIENCE)
            connection.execute(LOCK)
        yield RelayPause(connection)
        # A closed connection's server process may hold the lock for a moment longer.
        with suppress(psycopg.Error):
            connection.execute(UNLOCK)
