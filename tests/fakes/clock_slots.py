"""The slots of schedules in memory."""

import threading
from datetime import datetime

from groundwork_lambda_host.clock.slots import SlotsUnavailable


class FakeSlots:
    """`down` makes it fail as a database that is away."""

    def __init__(self) -> None:
        self.rows: set[tuple[str, datetime]] = set()
        self.down = False
        self._lock = threading.Lock()

    def claim(self, schedule: str, slot: datetime) -> bool:
        with self._lock:
            self._check()
            mine = (schedule, slot) not in self.rows
            self.rows.add((schedule, slot))
            return mine

    def last(self, schedule: str) -> datetime | None:
        self._check()
        return max((slot for name, slot in self.rows if name == schedule), default=None)

    def close(self) -> None:
        pass

    def _check(self) -> None:
        if self.down:
            raise SlotsUnavailable
