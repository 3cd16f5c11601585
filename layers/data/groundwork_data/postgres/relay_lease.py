"""The relay's promise to look by itself, as a row; and the writers' shortcut that relies on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.relay.ports import RelayPromise
    from groundwork_data.postgres.database import Database

MARGIN_SECONDS = 0.1
"""Two machines' clocks run a little differently even over two seconds."""


class PostgresRelayLease:
    """Implements `RelayPromise`. All times are the database's."""

    def __init__(self, database: Database) -> None:
        """Take a connection that no other thread uses."""
        self._database = database

    def take(self, seconds: float) -> datetime | None:
        """Promise for so long; return until when, or None while another relay's promise lasts."""
        return self._moved(
            "UPDATE relay_lease SET awake_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE name = 'relay' AND awake_until < clock_timestamp() RETURNING awake_until",
            (seconds,),
        )

    def extend(self, until: datetime, seconds: float) -> datetime | None:
        """Prolong the promise that ends at `until`; None if it is another relay's by now."""
        return self._moved(
            "UPDATE relay_lease SET awake_until ="
            " greatest(awake_until, clock_timestamp() + make_interval(secs => %s))"
            " WHERE name = 'relay' AND awake_until = %s RETURNING awake_until",
            (seconds, until),
        )

    def remaining_seconds(self) -> float:
        """Return how long the present promise still lasts; 0 or less: there is none."""
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
    """Remembers, by this process' own clock, until when the relay surely looks by itself."""

    def __init__(
        self, lease: RelayPromise, stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the lease to ask when nothing is remembered any more."""
        self._lease = lease
        self._stopwatch = stopwatch
        self._until = float("-inf")

    def lasts(self) -> bool:
        """Say whether the relay will look again; costs a round trip only when it is not known.

        Must be asked after the commit: the look that is promised begins after the promise's end,
        so it sees whatever was committed before.
        """
        # Read before the question, so that the answer counts from too early, never too late.
        now = self._stopwatch()
        if now < self._until:
            return True
        self._until = now + self._lease.remaining_seconds() - MARGIN_SECONDS
        return self._stopwatch() < self._until

    def call(self, ring: Callable[[], object], answered_for_seconds: float) -> None:
        """Call the relay, and take it that it looks for so long after the call began."""
        began = self._stopwatch()
        ring()
        self._until = max(self._until, began + answered_for_seconds)
