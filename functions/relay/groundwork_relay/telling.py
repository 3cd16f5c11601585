"""What the relay tells of itself: logs and metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Backlog
from groundwork_runtime import metrics

logger = logging.getLogger(__name__)


class Telling:
    """Implements `groundwork_core.relay.ports.Observer`."""

    def carried(self, destination: str, rows: Sequence[OutboxRow]) -> None:
        """Count rows."""
        if rows:
            metrics.emit("relay_rows", len(rows), destination=destination)

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
            metrics.emit(
                "relay_lag_seconds", backlog.lag_seconds, "Seconds", destination=destination
            )
