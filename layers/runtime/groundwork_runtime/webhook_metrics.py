"""Metrics and logs of sending webhooks."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from groundwork_core.webhooks.ports import EndpointCount, MadeAttempt
from groundwork_runtime import metrics

logger = logging.getLogger(__name__)
EVERY_SECONDS = 1.0
STATES = ("ok", "failing", "warned", "disabled", "off")


class SendingMetrics:
    """Implements `SenderObserver`.

    While messages are sent, it emits once a second; a line for each message would flood the log.
    The delay is the worst of that second.
    """

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = stopwatch
        self._counts: Counter[str] = Counter()
        self._worst: float | None = None
        self._emitted = float("-inf")

    def settled(self, made: Sequence[MadeAttempt]) -> None:
        """Count attempts; of first attempts, remember the longest time since the event."""
        for one in made:
            self._counts["delivered" if one.outcome.delivered else "failed"] += 1
            if one.message.happened_at is not None and one.message.attempts == 0:
                delay = max((one.at - one.message.happened_at).total_seconds(), 0.0)
                self._worst = max(self._worst or 0.0, delay)
        if self._stopwatch() - self._emitted >= EVERY_SECONDS:
            self.ended()

    def ended(self) -> None:
        """Emit the counts."""
        self._emitted = self._stopwatch()
        for outcome, count in self._counts.items():
            metrics.emit("webhook_attempts", count, outcome=outcome)
        if self._worst is not None:
            metrics.emit("webhook_delay_seconds", self._worst, "Seconds")
        self._counts.clear()
        self._worst = None

    def failed(self, error: BaseException) -> None:
        """Log and count an internal error."""
        logger.warning("Sending webhooks failed", exc_info=error)
        metrics.emit("webhook_errors", 1)


def emit_counts(counts: Iterable[EndpointCount]) -> None:
    """Emit how many endpoints are in each state, and the age of the oldest waiting message."""
    found = {one.state: one for one in counts}
    for state in STATES:
        known = found.get(state)
        metrics.emit("webhook_endpoints", known.endpoints if known else 0, "None", state=state)
    oldest = max((one.oldest_seconds for one in found.values()), default=0.0)
    metrics.emit("webhook_oldest_seconds", oldest, "None")
