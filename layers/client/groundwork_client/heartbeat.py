"""Extend the leases of the jobs that a worker holds, in the background."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from groundwork_client.errors import GroundworkError, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from groundwork_client.job import Job

log = logging.getLogger(__name__)


class Heartbeat:
    """A thread that reports the jobs it is given, until they are handed in or lost."""

    def __init__(self, seconds: float, report: Callable[[Job], None]) -> None:
        """`seconds`: the pause between two beats; `report` extends the lease of a job."""
        self._seconds = seconds
        self._report = report
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="groundwork-heartbeat", daemon=True)

    def hold(self, jobs: list[Job]) -> None:
        """Begin with these jobs, and drop those that are over."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.held] + jobs

    def beat(self) -> None:
        """Report every job once. A job whose lease is lost is marked so."""
        with self._lock:
            held = [job for job in self._jobs if job.held]
        for job in held:
            try:
                self._report(job)
            except LeaseLost:
                log.warning("the lease of job %s is lost", job.id)
            except GroundworkError:
                # The next beat tries again; the server decides when the lease is over.
                log.warning("a heartbeat of job %s failed", job.id, exc_info=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the thread; a beat that runs is waited for."""
        self._ends.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._ends.wait(self._seconds):
            self.beat()
