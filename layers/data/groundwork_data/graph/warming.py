"""Let Neo4j plan the reader's statements before the first request.

After a start, or a change of its statistics, Neo4j plans a statement at its first run: 60 to 400 ms
for each of ours. EXPLAIN does only a part of this. So every statement is run without ids; once
planned, all of them together take 30 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from groundwork_data.graph.reading_cypher import STATEMENTS

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
GIVEN: dict[str, object] = {
    "ids": [UNKNOWN_ID],
    "from_id": UNKNOWN_ID,
    "to_id": UNKNOWN_ID,
    "types": None,
    "min_confidence": None,
    "as_of": None,
    "after_confidence": None,
    "after_id": None,
    "limit": 1,
    "hub_degree": 1,
    "shown": [],
}


def warm(
    graph: GraphDatabase, seconds: float, may_go_on: Callable[[], bool] = lambda: True
) -> None:
    """Run every statement of the reader once, for at most `seconds`.

    Args:
        graph: Neo4j.
        seconds: the limit for all of them.
        may_go_on: asked before each; the rest is left out once it returns False.

    Raises:
        Unavailable: the graph cannot be reached, or took too long.
    """
    ends = time.monotonic() + seconds
    for statement in STATEMENTS:
        left = ends - time.monotonic()
        if left <= 0 or not may_go_on():
            return
        graph.read(statement, {"given": GIVEN}, seconds=left)
