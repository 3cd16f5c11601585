"""The advisory lock that lets one process at a time migrate a database or grant rights in it.

A process tries to take the lock repeatedly and does not wait for it in a statement. A waiting
statement has a snapshot, and CREATE INDEX CONCURRENTLY waits for every older snapshot, so the two
would wait for each other.
"""

import time
from collections.abc import Callable

from groundwork_core.errors import Unavailable

MIGRATOR_LOCK = 0x67_77_6D_69_67
WAIT_SECONDS = 300.0
PAUSE_SECONDS = 0.1


def take_migrator_lock(try_once: Callable[[], bool], within_seconds: float = WAIT_SECONDS) -> None:
    """Try to take the lock until it succeeds.

    Args:
        try_once: calls pg_try_advisory_lock outside a transaction; returns its result.
        within_seconds: when to give up.

    Raises:
        Unavailable: another process has held the lock all the time.
    """
    deadline = time.monotonic() + within_seconds
    while not try_once():
        if time.monotonic() >= deadline:
            raise Unavailable(
                f"Another process has been migrating this database for {within_seconds:.0f} s. "
                "Try again when it has ended."
            )
        time.sleep(PAUSE_SECONDS)
