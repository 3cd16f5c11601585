"""Who fires a slot: the gateway that inserts its row first."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from psycopg import Connection

_KEPT_DAYS = 14


class SlotsUnavailable(Exception):
    """The store cannot be reached; nobody knows whether the slot is taken."""


class SlotStore(Protocol):
    """Rows `(schedule, slot)`. Every verb blocks; claim and last raise SlotsUnavailable."""

    def claim(self, schedule: str, slot: datetime) -> bool:
        """Take a slot; True for the one caller who is to fire it."""

    def last(self, schedule: str) -> datetime | None:
        """The latest slot that anybody took (aware UTC), or None."""

    def close(self) -> None:
        """Let go of what it holds; another claim takes it again."""


class PostgresSlots:
    """The table `clock_slots`, through one connection that is opened when needed."""

    def __init__(self, url: Callable[[], str]) -> None:
        """`url` is asked at every connect, as the database may come back elsewhere."""
        self._url = url
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def claim(self, schedule: str, slot: datetime) -> bool:
        """Take a slot, and forget those that nobody will ask for again."""
        rows = self._run(
            "WITH old AS (DELETE FROM clock_slots WHERE schedule = %(schedule)s"
            " AND slot < %(slot)s - make_interval(days => %(kept)s)),"
            " mine AS (INSERT INTO clock_slots (schedule, slot, fired_at)"
            " VALUES (%(schedule)s, %(slot)s, now()) ON CONFLICT DO NOTHING RETURNING slot)"
            " SELECT slot FROM mine",
            {"schedule": schedule, "slot": slot, "kept": _KEPT_DAYS},
        )
        return bool(rows)

    def last(self, schedule: str) -> datetime | None:
        """The latest slot that anybody took."""
        rows = self._run(
            "SELECT max(slot) FROM clock_slots WHERE schedule = %(schedule)s",
            {"schedule": schedule},
        )
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _run(self, statement: str, values: dict[str, object]) -> list[tuple[datetime | None]]:
        import psycopg  # 0.4 s that a host without schedules need not pay

        with self._lock:
            # A held connection that died costs a second try; a new one that fails is the answer.
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
