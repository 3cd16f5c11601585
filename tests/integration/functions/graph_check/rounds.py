"""Runs of the continuous comparison, of one slice unless they have time."""

from typing import Any

import pytest

from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_core.knowledge.graph.rounds import Drift, Verdict
from groundwork_runtime.wiring import Wiring

from ..graph_api.conftest import Api

ADA = "MATCH (n:Entity {name: 'Ada'}) "
SHORT, LONG = 0.0, 60.0


def run(wiring: Wiring, seconds: float = SHORT, lasts_seconds: float = 60.0) -> Verdict:
    """One run: of one slice, if it is short."""
    return check_drift(
        seconds,
        lasts_seconds=lasts_seconds,
        rounds=wiring.graph_rounds,
        comparison=wiring.graph_comparison,
    )


def place(api: Api) -> dict[str, Any] | None:
    ((found,),) = api.sql("SELECT place FROM graph_check")
    kept: dict[str, Any] | None = found
    return kept


def a_round(wiring: Wiring, api: Api) -> Verdict:
    """Short runs until a round ends."""
    for _ in range(50):
        verdict = run(wiring)
        if place(api) is None:
            return verdict
    pytest.fail("the round never ended")


def found(verdict: Verdict) -> Drift:
    return {kind: count for kind, count in verdict.drift.items() if count}
