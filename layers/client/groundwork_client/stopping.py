"""Handle SIGTERM and SIGINT: stop a worker between two jobs, or release the job that it holds."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping(SystemExit):
    """The worker was asked to stop while it held a job."""


class Stop:
    """True if the worker was asked to stop. Handles signals if created in the main thread."""

    def __init__(self) -> None:
        self.working = False
        """A job is being worked on: a signal raises Stopping in it."""
        self._told = threading.Event()
        self._before: dict[signal.Signals, Any] = {}

    def __bool__(self) -> bool:
        """Stop after the current job; for programs that handle signals themselves."""
        return self._told.is_set()

    def tell(self) -> None:
        """Stop after the present job; for programs that handle signals themselves."""
        self._told.set()

    def wait(self, seconds: float) -> None:
        """Wait for some seconds, or until the worker is asked to stop."""
        self._told.wait(seconds)

    def __enter__(self) -> Self:
        """Handle the signals; remember the previous handlers."""
        if threading.current_thread() is threading.main_thread():
            self._before = {one: signal.signal(one, self._handle) for one in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Restore the previous signal handlers."""
        for one, before in self._before.items():
            signal.signal(one, before)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        first = not self._told.is_set()
        self._told.set()
        if self.working and first:
            log.info("stopped by %s", signal.Signals(number).name)
            raise Stopping(0)
