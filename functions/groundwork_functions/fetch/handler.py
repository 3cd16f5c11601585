"""The fetch function: asks sources that are due, and takes their documents in."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork_core.sources.model import FetchDue
from groundwork_runtime.queues import BatchResponse, bodies, take
from groundwork_runtime.wiring import wiring


def handler(event: Mapping[str, object], context: object) -> BatchResponse:  # noqa: ARG001 - Lambda's
    """Fetch a batch of sources; a source that fails is recorded, not retried by the queue."""
    return take(event, FetchDue, bodies(wiring().fetch_sources))
