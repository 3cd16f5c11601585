"""Wait until a condition holds."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(look: Callable[[], Found], within_seconds: float = 30) -> Found:
    """Look until it is truthy or the time is over; return the last look, for the assertion."""
    ends = time.monotonic() + within_seconds
    while True:
        found = look()
        if found or time.monotonic() > ends:
            return found
        time.sleep(0.03)
