"""The graph makes its plans before anybody waits for them.

A Neo4j that has just started, or whose statistics have changed, plans a statement when it comes:
60 to 400 ms for each of ours. EXPLAIN plans too, but leaves a part of that to the first run. So
every statement is run, about nobody; once planned, all cost 30 ms together.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from groundwork_data.graph.reading_cypher import STATEMENTS

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

NOBODY = "00000000-0000-4000-8000-000000000000"
GIVEN: dict[str, object] = {
    "ids": [NOBODY],
    "from_id": NOBODY,
    "to_id": NOBODY,
    "types": None,
    "min_confidence": None,
    "as_of": None,
    "after_confidence": None,
    "after_id": None,
    "limit": 1,
    "hub_degree": 1,
    "shown": [],
}


def warm(graph: GraphDatabase, seconds: float) -> None:
    """Run every statement of the reader once, for at most so many seconds.

    Raises:
        Unavailable: the graph cannot be reached, or took too long.
    """
    ends = time.monotonic() + seconds
    for statement in STATEMENTS:
        left = ends - time.monotonic()
        if left <= 0:
            return
        graph.read(statement, {"given": GIVEN}, seconds=left)
