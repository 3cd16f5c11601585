"""Read your writes: wait until the graph has had what the caller wrote."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.errors import GraphBehind
from groundwork_core.knowledge.graph.ports import GraphProgress
from groundwork_core.relay.destination_names import GRAPH

PATIENCE_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.05
HIGHEST = 2**63 - 1

_POSITION = re.compile(r"[0-9]{1,19}")


def await_position(
    position: str,
    catchup: GraphProgress,
    *,
    pause: Callable[[float], object] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Return once the graph has had a position (X-Groundwork-Position).

    Raises:
        Invalid: this is no position.
        GraphBehind: the graph has not had it within PATIENCE_SECONDS.
    """
    if not _POSITION.fullmatch(position) or int(position) > HIGHEST:
        raise Invalid("X-Groundwork-Min-Position is no position.")
    ends = monotonic() + PATIENCE_SECONDS
    seconds = FIRST_PAUSE_SECONDS
    while not catchup.reached(GRAPH, position):
        if monotonic() + seconds > ends:
            raise GraphBehind("The graph has not had this position yet; ask again.")
        pause(seconds)
        seconds = min(seconds * 1.5, LONGEST_PAUSE_SECONDS)
