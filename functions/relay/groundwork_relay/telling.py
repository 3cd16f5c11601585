"""What the relay tells of itself: logs and metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Backlog
from groundwork_runtime import metrics

logger = logging.getLogger(__name__)


EVERY_SECONDS = 5.0


class Telling:
    """Implements `groundwork_core.relay.ports.Observer`. Each destination has its own thread."""

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing counted."""
        self._stopwatch = stopwatch
        self._rows: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def carried(self, destination: str, rows: Sequence[OutboxRow]) -> None:
        """Count rows, and tell the count every few seconds: a line a pass would be many."""
        self._rows[destination] = self._rows.get(destination, 0) + len(rows)
        if self._stopwatch() - self._told.get(destination, float("-inf")) >= EVERY_SECONDS:
            self._tell(destination)

    def failed(self, destination: str, error: Exception, retry_seconds: float) -> None:
        """Log and count a failure."""
        logger.warning(
            "A destination of the relay failed",
            extra={"destination": destination, "retry_seconds": retry_seconds},
            exc_info=error,
        )
        metrics.emit("relay_failures", 1, destination=destination)

    def lags(self, backlogs: Mapping[str, Backlog]) -> None:
        """Report how old the oldest row is that each destination has not had."""
        for destination, backlog in backlogs.items():
            self._tell(destination)
            metrics.emit(
                "relay_lag_seconds", backlog.lag_seconds, "Seconds", destination=destination
            )

    def _tell(self, destination: str) -> None:
        rows = self._rows.pop(destination, 0)
        if rows:
            self._told[destination] = self._stopwatch()
            metrics.emit("relay_rows", rows, destination=destination)
