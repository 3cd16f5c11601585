"""The graph check function: compares a little of both stores each minute, and tells the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from groundwork_core.knowledge.graph.go_on_checking import go_on_checking
from groundwork_graph_check.telling import tell
from groundwork_runtime.wiring import wiring


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this run may still last."""
        ...


def handler(event: Mapping[str, object], context: Context) -> dict[str, int]:  # noqa: ARG001 - Lambda's
    """Go on with the round under way; return how many differences are known, by kind."""
    parts = wiring()
    if not parts.settings.neo4j_uri:
        return {}
    verdict = go_on_checking(
        parts.settings.graph_check_seconds,
        lasts_seconds=context.get_remaining_time_in_millis() / 1000,
        rounds=parts.graph_rounds,
        comparison=parts.graph_comparison,
    )
    tell(verdict)
    return dict(verdict.drift)
