"""Process extraction jobs from their queue."""

from __future__ import annotations

from chalice.app import SQSEvent

from groundwork_core.jobs.model import JobMessage
from groundwork_functions.reference_extractor.extract import Extract
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse, process_batch
from groundwork_runtime.wiring import wiring

handler = EventApp("reference_extractor")


@handler.on_sqs_message(queue="ExtractQueue", batch_size=10)
def jobs(event: SQSEvent) -> BatchResponse:
    """Process a batch of jobs and hand in their results."""
    parts = wiring()
    extract = Extract(
        work=parts.work,
        clock=parts.database_clock,
        results=parts.queue(parts.settings.results_queue_url),
        registrable_host=parts.registrable_host,
    )
    return process_batch(event.to_dict(), JobMessage, extract)
