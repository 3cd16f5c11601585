"""The reference extractor's entry: takes extract jobs from their queue."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork_core.jobs.model import JobMessage
from groundwork_functions.reference_extractor.extract import Extract
from groundwork_runtime.queues import BatchResponse, take
from groundwork_runtime.wiring import wiring


def handler(event: Mapping[str, object], context: object) -> BatchResponse:  # noqa: ARG001 - Lambda's
    """Work on a batch of jobs and hand their results in."""
    parts = wiring()
    extract = Extract(
        work=parts.work,
        clock=parts.clock,
        results=parts.queue(parts.settings.results_queue_url),
        registrable_host=parts.registrable_host,
    )
    return take(event, JobMessage, extract)
