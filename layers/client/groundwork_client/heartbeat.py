"""Extend the leases of the jobs that a worker holds, in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from groundwork_client.job import Job


class Heartbeat:
    """A thread that extends the leases of jobs until they are handed in or lost."""

    def __init__(self, seconds: float, report: Callable[[list[Job]], None]) -> None:
        """`seconds` is the pause between two beats; `report` extends the leases of jobs."""
        self._seconds = seconds
        self._report = report
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="groundwork-heartbeat", daemon=True)

    def hold(self, jobs: list[Job]) -> None:
        """Extend the leases of these jobs from now on, and drop jobs that have ended."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.held] + jobs

    def beat(self) -> None:
        """Extend every lease once. A job whose lease is lost is marked as lost."""
        with self._lock:
            held = [job for job in self._jobs if job.held]
        if held:
            self._report(held)

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
        """Stop the thread; wait for a beat in progress."""
        self._ends.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._ends.wait(self._seconds):
            self.beat()
