"""A log filter for lines that anybody on the network can cause."""

import logging
import time
from collections.abc import Callable


class LineRateLimit(logging.Filter):
    """Lets a few lines a minute through; the next one after it says how many it held back.

    Args:
        lines: How many in a minute.
        clock: Seconds, never going back.
    """

    def __init__(self, lines: int = 10, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._lines = lines
        self._clock = clock
        self._minute = 0
        self._seen = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
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
