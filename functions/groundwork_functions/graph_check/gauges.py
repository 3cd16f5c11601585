"""What the check tells: gauges, told again at each run whether or not it found something new."""

from __future__ import annotations

from groundwork_core.knowledge.graph.rounds import Verdict
from groundwork_runtime import metrics


def tell(verdict: Verdict) -> None:
    """Tell what is known. Before the first whole round there is no drift to tell, not even none."""
    for kind, count in verdict.drift.items():
        metrics.emit("graph_drift", count, "None", kind=kind)
    metrics.emit("graph_check_round_seconds", verdict.round_seconds, "None")
    metrics.emit("graph_check_age_seconds", verdict.age_seconds, "None")
