"""Metrics of ingestion as a whole."""

from __future__ import annotations

from groundwork_core.sources.ingestion import Ingestion
from groundwork_runtime import metrics


def emit_ingestion(numbers: Ingestion) -> None:
    """Emit the gauges that the alerts of ingestion use."""
    for status, count in numbers.sources.by_status.items():
        metrics.emit("ingestion_sources", count, "None", status=status)
    metrics.emit("ingestion_due", numbers.due, "None")
    metrics.emit("ingestion_oldest_due_seconds", numbers.oldest_due_seconds, "None")
    metrics.emit("ingestion_hosts_open_for_a_day", numbers.hosts_open_for_a_day, "None")
    metrics.emit("ingestion_silent_hubs", numbers.silent_hubs, "None")
    metrics.emit("ingestion_oldest_unmarked_seconds", numbers.oldest_unmarked_seconds, "None")
    for bucket in numbers.freshness:
        # Like `le` of a histogram; `le` itself cannot be a dimension.
        within = "+Inf" if bucket.within is None else f"{bucket.within:g}"
        metrics.emit("ingestion_sources_within", bucket.sources, "None", objectives=within)
    if numbers.fresh_share is not None:
        metrics.emit("ingestion_fresh_share", numbers.fresh_share, "None")
