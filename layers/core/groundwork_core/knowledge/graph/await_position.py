"""Wait until the graph has reached the position of the caller's write."""

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
    """Return when the graph has reached a position (X-Groundwork-Position).

    Raises:
        Invalid: the text is not a position.
        GraphBehind: the graph has not reached it within PATIENCE_SECONDS.
    """
    if not _POSITION.fullmatch(position) or int(position) > HIGHEST:
        raise Invalid("X-Groundwork-Min-Position is not a position.")
    ends = monotonic() + PATIENCE_SECONDS
    seconds = FIRST_PAUSE_SECONDS
    while not catchup.reached(GRAPH, position):
        if monotonic() + seconds > ends:
            raise GraphBehind("The graph has not reached this position yet; retry.")
        pause(seconds)
        seconds = min(seconds * 1.5, LONGEST_PAUSE_SECONDS)
