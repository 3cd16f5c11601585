"""Limit the CPU time of work on untrusted input."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLong(BaseException):
    """The work exceeded its CPU time.

    Not a subclass of Exception, so that a library that catches Exception does not continue.
    """


@contextmanager
def cpu_seconds(limit: float) -> Iterator[None]:
    """Raise TooLong in the block when it has used `limit` seconds of CPU time.

    Works in the main thread, where handlers run. In other threads, and on systems without such a
    timer, the block runs without a limit. Regular expressions are interrupted, too.
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
    # Repeated, because a library may swallow the first exception.
    signal.setitimer(signal.ITIMER_VIRTUAL, limit, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
