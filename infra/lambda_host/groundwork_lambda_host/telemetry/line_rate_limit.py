"""A log filter for lines that any client can cause."""

import logging
import time
from collections.abc import Callable


class LineRateLimit(logging.Filter):
    """Passes a few lines a minute; the next line states how many were dropped.

    Args:
        lines: Maximum number of lines per minute.
        clock: Monotonic clock in seconds.
    """

    def __init__(self, lines: int = 10, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._lines = lines
        self._clock = clock
        self._minute = 0
        self._seen = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written."""
        minute = int(self._clock() // 60)
        held_back = 0
        if minute != self._minute:
            held_back = max(0, self._seen - self._lines)
            self._minute, self._seen = minute, 0
        self._seen += 1
        if self._seen > self._lines:
            return False
        if held_back:
            record.msg = f"{record.getMessage()} (and {held_back} lines held back before)"
            record.args = ()
        return True
