"""Logs and metrics of the relay."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Backlog
from groundwork_runtime import metrics

logger = logging.getLogger(__name__)


EVERY_SECONDS = 1.0


class MetricsObserver:
    """Implements `groundwork_core.relay.ports.Observer`. Each destination has its own thread.

    While rows are delivered, each destination emits its lag once a second, as the worst of that
    second, and at every failure; a line for each pass would flood the log.
    """

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = stopwatch
        self._rows: dict[str, int] = {}
        self._worst: dict[str, float] = {}
        self._emitted: dict[str, float] = {}

    def carried(self, destination: str, rows: Sequence[OutboxRow], lag_seconds: float) -> None:
        """Count rows, remember the longest lag, and emit both at most once a second."""
        if not rows:
            return
        self._rows[destination] = self._rows.get(destination, 0) + len(rows)
        self._worst[destination] = max(self._worst.get(destination, 0.0), lag_seconds)
        if self._stopwatch() - self._emitted.get(destination, float("-inf")) >= EVERY_SECONDS:
            self._emit(destination)

    def failed(
        self, destination: str, error: Exception, retry_seconds: float, lag_seconds: float
    ) -> None:
        """Log and count a failure."""
        logger.warning(
            "A destination of the relay failed",
            extra={"destination": destination, "retry_seconds": retry_seconds},
            exc_info=error,
        )
        metrics.emit("relay_failures", 1, destination=destination)
        _emit_lag(destination, lag_seconds)

    def ended(self, backlogs: Mapping[str, Backlog]) -> None:
        """Emit the remaining counts, and the age of the oldest undelivered row."""
        for destination, backlog in backlogs.items():
            self._emit(destination)
            _emit_lag(destination, backlog.lag_seconds)

    def _emit(self, destination: str) -> None:
        rows = self._rows.pop(destination, 0)
        if rows:
            self._emitted[destination] = self._stopwatch()
            metrics.emit("relay_rows", rows, destination=destination)
            _emit_lag(destination, self._worst.pop(destination, 0.0))


def _emit_lag(destination: str, seconds: float) -> None:
    metrics.emit("relay_lag_seconds", seconds, "Seconds", destination=destination)
