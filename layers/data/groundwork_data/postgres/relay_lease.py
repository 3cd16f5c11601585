"""The relay's promise to poll the outbox, and the writers' cache of that promise.

While the promise lasts, writers need not nudge the relay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.relay.ports import RelayPromise
    from groundwork_data.postgres.database import Database

MARGIN_SECONDS = 0.1
"""Allowance for the difference between two machines' clocks over two seconds."""


class PostgresRelayLease:
    """Implements `RelayPromise`. All times are those of the database's clock."""

    def __init__(self, database: Database) -> None:
        """No other thread may use `database`."""
        self._database = database

    def take(self, seconds: float) -> datetime | None:
        """Make a promise for `seconds`; return its end, or None while another relay has one."""
        return self._moved(
            "UPDATE relay_lease SET awake_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE name = 'relay' AND awake_until < clock_timestamp() RETURNING awake_until",
            (seconds,),
        )

    def extend(self, until: datetime, seconds: float) -> datetime | None:
        """Extend the promise that ends at `until`; None if another relay has one now."""
        return self._moved(
            "UPDATE relay_lease SET awake_until ="
            " greatest(awake_until, clock_timestamp() + make_interval(secs => %s))"
            " WHERE name = 'relay' AND awake_until = %s RETURNING awake_until",
            (seconds, until),
        )

    def remaining_seconds(self) -> float:
        """Return the remaining seconds of the current promise; 0 or less if there is none."""
        row = self._database.row(
            "SELECT CASE WHEN awake_until = '-infinity' THEN 0 ELSE"
            " extract(epoch FROM awake_until - clock_timestamp())::float8 END"
            " FROM relay_lease WHERE name = 'relay'"
        )
        return float(row[0]) if row else 0.0

    def _moved(self, sql: str, parameters: tuple[object, ...]) -> datetime | None:
        row = self._database.row(sql, parameters)
        return row[0] if row else None


class AwakeUntil:
    """Caches the end of the relay's promise, by this process' clock."""

    def __init__(
        self, lease: RelayPromise, stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        """`lease` is read when the cached promise has ended."""
        self._lease = lease
        self._stopwatch = stopwatch
        self._until = float("-inf")

    def lasts(self) -> bool:
        """Return whether the relay will poll again; a round trip only if the cache has expired.

        Call it after the commit. The relay polls once more after its promise has ended, so it reads
        everything that was committed before.
        """
        # Read before the query, so that the cached end is too early rather than too late.
        now = self._stopwatch()
        if now < self._until:
            return True
        self._until = now + self._lease.remaining_seconds() - MARGIN_SECONDS
        return self._stopwatch() < self._until

    def call(self, nudge: Callable[[], object], answered_for_seconds: float) -> None:
        """Nudge the relay; it then polls for at least `answered_for_seconds` from the call on."""
        began = self._stopwatch()
        nudge()
        self._until = max(self._until, began + answered_for_seconds)
