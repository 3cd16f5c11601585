"""End leases and pauses of jobs when they are due."""

from __future__ import annotations

from chalice.app import SQSEvent

from groundwork_core.jobs.sweep import end_leases_and_pauses
from groundwork_runtime import metrics
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse
from groundwork_runtime.wiring import wiring

handler = EventApp("job_timer")


@handler.on_sqs_message(queue="JobTimerQueue", batch_size=10)
def due(event: SQSEvent) -> BatchResponse:  # noqa: ARG001 - Chalice's signature
    """End leases and pauses that are over; the content of the messages is not used."""
    parts = wiring()
    expired = end_leases_and_pauses(work=parts.work(), clock=parts.database_clock)
    metrics.emit("JobLeasesExpired", expired)
    return {"batchItemFailures": []}
