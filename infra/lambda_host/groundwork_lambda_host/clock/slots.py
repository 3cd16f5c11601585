"""Decide which host runs a slot: the one that inserts its row first."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from psycopg import Connection

_KEPT_DAYS = 14
_AHEAD_SECONDS = 5
"""A slot that is claimed so far ahead was claimed before the database's clock was set back."""


class SlotsUnavailable(Exception):
    """Raised if the store is unavailable; whether the slot is claimed is then unknown."""


class SlotStore(Protocol):
    """Store of claimed slots. All methods block; all but close raise SlotsUnavailable."""

    def claim(self, schedule: str, slot: datetime) -> bool:
        """Claim a slot; return True for the one caller that must run it."""

    def last(self, schedule: str) -> datetime | None:
        """Return the latest claimed slot (aware UTC), or None."""

    def time(self) -> datetime:
        """Return the store's time (aware UTC), which all hosts use."""

    def close(self) -> None:
        """Release resources; a later claim acquires them again."""


class PostgresSlots:
    """Stores claimed slots in the table `clock_slots`, through one connection."""

    def __init__(self, url: Callable[[], str]) -> None:
        """`url` is called at each connect, because the database's address may change."""
        self._url = url
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def claim(self, schedule: str, slot: datetime) -> bool:
        """Claim a slot, and delete the schedule's old slots and those in the future."""
        rows = self._run(
            "WITH old AS (DELETE FROM clock_slots WHERE schedule = %(schedule)s"
            " AND (slot < %(slot)s - make_interval(days => %(kept)s)"
            " OR slot > clock_timestamp() + make_interval(secs => %(ahead)s))),"
            " mine AS (INSERT INTO clock_slots (schedule, slot, fired_at)"
            " VALUES (%(schedule)s, %(slot)s, now()) ON CONFLICT DO NOTHING RETURNING slot)"
            " SELECT slot FROM mine",
            {"schedule": schedule, "slot": slot, "kept": _KEPT_DAYS, "ahead": _AHEAD_SECONDS},
        )
        return bool(rows)

    def last(self, schedule: str) -> datetime | None:
        """Return the latest claimed slot, or None."""
        rows = self._run(
            "SELECT max(slot) FROM clock_slots WHERE schedule = %(schedule)s"
            " AND slot <= clock_timestamp() + make_interval(secs => %(ahead)s)",
            {"schedule": schedule, "ahead": _AHEAD_SECONDS},
        )
        return rows[0][0] if rows else None

    def time(self) -> datetime:
        """Return the database's time."""
        ((now,),) = self._run("SELECT clock_timestamp()", {})
        if now is None:
            raise SlotsUnavailable
        return now

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _run(self, statement: str, values: dict[str, object]) -> list[tuple[datetime | None]]:
        import psycopg  # slow to load; not needed without schedules

        with self._lock:
            # Retry once with a new connection if an existing one has failed.
            for _ in range(2):
                held = self._connection is not None
                try:
                    if self._connection is None:
                        self._connection = psycopg.connect(
                            self._url(),
                            autocommit=True,
                            prepare_threshold=None,
                            connect_timeout=5,
                            options="-c timezone=UTC",
                        )
                    return self._connection.execute(statement.encode(), values).fetchall()
                except psycopg.Error as error:
                    self._drop()
                    if not held:
                        raise SlotsUnavailable(str(error)) from error
        raise SlotsUnavailable

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None
