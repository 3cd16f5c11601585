"""Metrics and logs of sending webhooks."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from groundwork_core.webhooks.ports import EndpointCount, MadeAttempt
from groundwork_runtime import metrics

logger = logging.getLogger(__name__)
STATES = ("ok", "failing", "warned", "disabled", "off")


class SendingMetrics:
    """Implements `SenderObserver`."""

    def made(self, attempt: MadeAttempt) -> None:
        """Count an attempt; of a first one, measure the time since the event."""
        outcome = "delivered" if attempt.outcome.delivered else "failed"
        metrics.emit("webhook_attempts", 1, outcome=outcome)
        happened_at = attempt.message.happened_at
        if happened_at is not None and attempt.message.attempts == 0:
            delay = max((attempt.at - happened_at).total_seconds(), 0.0)
            metrics.emit("webhook_delay_seconds", delay, "Seconds")

    def failed(self, error: BaseException) -> None:
        """Log and count an error of ours."""
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
