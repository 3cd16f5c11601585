"""Deliver the outbox, after a nudge (SQS) or each minute (sweep)."""

from __future__ import annotations

from chalice.app import BaseLambdaEvent, CloudWatchEvent, SQSEvent

from groundwork_runtime.events import EventApp, remaining_seconds
from groundwork_runtime.queues import BatchResponse
from groundwork_runtime.relay.destinations import destinations
from groundwork_runtime.relay.run import run
from groundwork_runtime.wiring import wiring

handler = EventApp("relay")


@handler.on_sqs_message(queue="RelayQueue", batch_size=10)
def nudged(event: SQSEvent) -> BatchResponse:
    """Deliver outbox rows; the content of the message is not used."""
    return _deliver(event)


@handler.schedule("rate(1 minute)")
def sweep(event: CloudWatchEvent) -> BatchResponse:
    """Deliver outbox rows whose nudge was lost."""
    return _deliver(event)


def _deliver(event: BaseLambdaEvent) -> BatchResponse:
    parts = wiring()
    run(parts, destinations(parts), lambda: remaining_seconds(event))
    return {"batchItemFailures": []}
