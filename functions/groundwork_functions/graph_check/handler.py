"""Compare a part of the graph with Postgres each minute, and report the differences.

It also keeps the graph's query plans warm, because no caller waits for this function.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chalice.app import CloudWatchEvent

from groundwork_core.errors import Unavailable
from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_functions.graph_check.gauges import emit_gauges
from groundwork_runtime.events import EventApp, remaining_seconds
from groundwork_runtime.wiring import Wiring, wiring

WARMING_SECONDS = 20.0
RESERVE_SECONDS = 15.0
"""Time that a run keeps for confirming drift. In a draining host only ten seconds are left, so the
run ends soon."""

handler = EventApp("graph_check")


@handler.schedule("rate(1 minute)")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:
    """Continue the current round; return the number of known differences by kind."""
    parts = wiring()
    if not parts.settings.neo4j_uri:
        return {}

    def may_go_on() -> bool:
        return remaining_seconds(event) > RESERVE_SECONDS

    _warm(parts, may_go_on)
    verdict = check_drift(
        parts.settings.graph_check_seconds,
        lasts_seconds=remaining_seconds(event),
        rounds=parts.graph_rounds,
        comparison=parts.graph_comparison,
        may_go_on=may_go_on,
    )
    emit_gauges(verdict)
    return dict(verdict.drift)


def _warm(parts: Wiring, may_go_on: Callable[[], bool]) -> None:
    with suppress(Unavailable):  # the comparison reports it
        parts.warm_graph(WARMING_SECONDS, may_go_on)
