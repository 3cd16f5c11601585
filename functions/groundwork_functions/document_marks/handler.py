"""Compare new documents with stored ones each minute, and detect their languages."""

from __future__ import annotations

import logging

from chalice.app import CloudWatchEvent

from groundwork_core.duplicates.mark_documents import mark_documents
from groundwork_runtime import metrics
from groundwork_runtime.events import EventApp, remaining_seconds
from groundwork_runtime.wiring import wiring

SPARE_SECONDS = 10.0
"""Kept of the time that the function has, for the batch under way."""

log = logging.getLogger(__name__)
handler = EventApp("document_marks")


@handler.schedule("rate(1 minute)")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:
    """Mark unmarked documents for as long as the time allows; return how many."""
    parts = wiring()
    marked = mark_documents(
        work=parts.work(),
        detect=parts.detect_language,
        seconds=remaining_seconds(event) - SPARE_SECONDS,
    )
    metrics.emit("DocumentsMarked", marked)
    if marked:
        log.info("marked", extra={"documents": marked})
    return {"marked": marked}
