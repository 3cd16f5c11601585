"""Stop a statement in the database at its time limit.

The limit is set in the same round trip and transaction, so that it ends with the transaction and a
connection pooler can reuse the connection.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg.errors import QueryCanceled

from groundwork_core.errors import TookTooLong

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.parameters import Parameters

LIMIT = "SELECT set_config('statement_timeout', %s, true)"


def execute_until(
    ends: float, connection: Connection[TupleRow], sql: str, parameters: Parameters
) -> Cursor[TupleRow]:
    """Run one statement, which Postgres stops at `ends` (seconds of time.monotonic()).

    Raises:
        TookTooLong: it was stopped, or the limit had passed before it began.
    """
    left = ends - time.monotonic()
    if left <= 0:
        raise TookTooLong("The query took too long; request less data.")
    try:
        with connection.pipeline():
            connection.execute(LIMIT, (f"{max(1, round(left * 1000))}ms",))  # 0: no limit
            return connection.execute(sql, parameters)
    except QueryCanceled as error:
        raise TookTooLong("The query of the database took too long; request less data.") from error
