"""The graph check function: compares a little of both stores each minute, and tells the result.

It also keeps the graph warm for those who ask: nobody waits for it, and it comes each minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from groundwork_core.errors import Unavailable
from groundwork_core.knowledge.graph.go_on_checking import go_on_checking
from groundwork_functions.graph_check.telling import tell
from groundwork_runtime.wiring import Wiring, wiring

WARMING_SECONDS = 20.0


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
    _warm(parts)
    verdict = go_on_checking(
        parts.settings.graph_check_seconds,
        lasts_seconds=context.get_remaining_time_in_millis() / 1000,
        rounds=parts.graph_rounds,
        comparison=parts.graph_comparison,
    )
    tell(verdict)
    return dict(verdict.drift)


def _warm(parts: Wiring) -> None:
    with suppress(Unavailable):  # the comparison reports it
        parts.warm_graph(WARMING_SECONDS)
