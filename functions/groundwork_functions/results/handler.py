"""Apply the results that workers hand in."""

from __future__ import annotations

from chalice.app import SQSEvent

from groundwork_core.knowledge.hand_in import HandedIn
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse, by_body, process_batch
from groundwork_runtime.wiring import wiring

handler = EventApp("results")


@handler.on_sqs_message(queue="ResultsQueue", batch_size=10)
def handed_in(event: SQSEvent) -> BatchResponse:
    """Apply a batch of results; one that breaks the contract fails its job and is not retried."""
    return process_batch(event.to_dict(), HandedIn, by_body(wiring().hand_in))
