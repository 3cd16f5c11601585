"""The slots of schedules in memory."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from groundwork_lambda_host.clock.slots import SlotsUnavailable


class FakeSlots:
    """`down` makes it fail as a database that is away. `clock` returns its time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.rows: set[tuple[str, datetime]] = set()
        self.down = False
        self._lock = threading.Lock()

    def claim(self, schedule: str, slot: datetime) -> bool:
        with self._lock:
            self._check()
            self.rows = {(name, at) for name, at in self.rows if name != schedule or self._past(at)}
            mine = (schedule, slot) not in self.rows
            self.rows.add((schedule, slot))
            return mine

    def last(self, schedule: str) -> datetime | None:
        self._check()
        return max(
            (at for name, at in self.rows if name == schedule and self._past(at)),
            default=None,
        )

    def time(self) -> datetime:
        self._check()
        return datetime.fromtimestamp(self.clock(), UTC)

    def close(self) -> None:
        pass

    def _past(self, slot: datetime) -> bool:
        return slot <= self.time() + timedelta(seconds=5)

    def _check(self) -> None:
        if self.down:
            raise SlotsUnavailable
