"""Gauges of the graph check, emitted at each run."""

from __future__ import annotations

from groundwork_core.knowledge.graph.rounds import Verdict
from groundwork_runtime import metrics


def emit_gauges(verdict: Verdict) -> None:
    """Emit the drift by kind. Before the first complete round, it is unknown and not emitted."""
    for kind, count in verdict.drift.items():
        metrics.emit("graph_drift", count, "None", kind=kind)
    metrics.emit("graph_check_round_seconds", verdict.round_seconds, "None")
    metrics.emit("graph_check_age_seconds", verdict.age_seconds, "None")
