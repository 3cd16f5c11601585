"""The graph makes its plans before anybody waits for them.

A Neo4j that has just started, or whose statistics have changed, plans a statement when it comes:
60 to 400 ms for each of ours. EXPLAIN plans too, but leaves a part of that to the first run. So
every kind of question is asked, about what nobody has; once planned, all cost 30 ms together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from groundwork_core.knowledge.graph.model import Direction, LinkFilter, Shown
from groundwork_data.graph.reading_cypher import MOST_HOPS

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.ports import GraphReader

NOBODIES = [f"00000000-0000-4000-8000-{number:012}" for number in range(100)]
# Neo4j plans anew for other types of parameters, and for lists of another order of magnitude. So
# these are as in most questions.
SIZES = (1, 10, 100)
FEW: Shown = frozenset({"Entity.name", "Entity.type", "Relationship.type"})
ALL = LinkFilter()


def warm(graph: GraphReader) -> None:
    """Ask every kind of question once.

    Raises:
        Unavailable: the graph cannot be reached, or took too long.
    """
    one, other, *_ = NOBODIES
    for direction in get_args(Direction):
        graph.links([one], LinkFilter(direction=direction), 50, None)
    for hops in range(1, MOST_HOPS + 1):
        graph.path(one, other, hops, ALL)
    graph.subgraph([one], 1, 200, ALL)
    for size in SIZES:
        graph.entities(NOBODIES[:size])
        graph.subgraph(NOBODIES[:size], 0, 200, ALL)  # a hop from nobody ends before this question
