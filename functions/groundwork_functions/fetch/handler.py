"""Fetch sources that are due and store their documents."""

from __future__ import annotations

from chalice.app import SQSEvent

from groundwork_core.sources.model import FetchDue
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse, by_body, process_batch
from groundwork_runtime.wiring import wiring

handler = EventApp("fetch")


@handler.on_sqs_message(queue="FetchQueue", batch_size=10)
def due(event: SQSEvent) -> BatchResponse:
    """Fetch a batch of sources; a source that fails is recorded, not retried by the queue."""
    return process_batch(event.to_dict(), FetchDue, by_body(wiring().fetch_sources))
