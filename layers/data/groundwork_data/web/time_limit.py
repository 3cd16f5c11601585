"""A limit on the CPU time of a piece of work that strangers' data drives."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLong(BaseException):
    """The work took more CPU time than it may.

    No Exception: a library that goes on after any exception must not go on after this one.
    """


@contextmanager
def cpu_seconds(limit: float) -> Iterator[None]:
    """Raise TooLong in the block when it has used so much CPU time.

    Works in the main thread, where a handler runs; elsewhere, and where the system has no such
    timer, the block runs without a limit. Regular expressions are interrupted too.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "ITIMER_VIRTUAL"
    ):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        message = f"more than {limit} s of CPU"
        raise TooLong(message)

    before = signal.signal(signal.SIGVTALRM, stop)
    # Again and again: a library may swallow the first exception.
    signal.setitimer(signal.ITIMER_VIRTUAL, limit, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
