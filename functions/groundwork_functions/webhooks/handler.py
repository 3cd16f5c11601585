"""Send the due messages of webhooks, after a nudge (SQS) or each minute (sweep)."""

from __future__ import annotations

from chalice.app import BaseLambdaEvent, CloudWatchEvent, SQSEvent

from groundwork_runtime.events import EventApp, remaining_seconds
from groundwork_runtime.queues import BatchResponse
from groundwork_runtime.webhook_metrics import emit_counts
from groundwork_runtime.wiring import wiring

handler = EventApp("webhooks")


@handler.on_sqs_message(queue="WebhookQueue", batch_size=10)
def nudged(event: SQSEvent) -> BatchResponse:
    """Send due messages; the content of the SQS message is not used."""
    return _send(event)


@handler.schedule("rate(1 minute)")
def sweep(event: CloudWatchEvent) -> BatchResponse:
    """Emit the states of endpoints; send retries, and messages whose nudge was lost."""
    parts = wiring()
    with parts.work() as work:
        counts = work.webhooks.counts(parts.clock.now())
        awake = work.webhooks.sender_awake()
    emit_counts(counts)
    return {"batchItemFailures": []} if awake else _send(event)


def _send(event: BaseLambdaEvent) -> BatchResponse:
    wiring().new_sender().run(lambda: remaining_seconds(event))
    return {"batchItemFailures": []}
