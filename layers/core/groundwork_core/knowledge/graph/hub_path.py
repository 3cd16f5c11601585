"""Find a shortest path near hubs without reading a hub's relationships.

Neo4j's own search is breadth first and reads all relationships of each entity that it visits:
70,000 of a hub. Here both ends contribute what is one hop around them (nothing, if the end is a
hub), and Postgres closes the gap of one or two hops between the two sides pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence

from groundwork_core.knowledge.graph.model import Id, LinkFilter, Surroundings
from groundwork_core.knowledge.graph.ports import HubPaths


class BeyondReach(Exception):
    """There may be a path, but it is too long for this search."""


def shortest(
    start: Surroundings, end: Surroundings, most_hops: int, paths: HubPaths, wanted: LinkFilter
) -> Sequence[Id]:
    """Return the entities on a shortest path of at most `most_hops`; nothing if there is none.

    Raises:
        BeyondReach: all paths, if any, have more than four hops; three if an end is a hub; two if
            both are.
    """
    around, about = start.others, end.others
    if end.id in (around or ()) or start.id in (about or ()):
        return (start.id, end.id)
    shared = next((id_ for id_ in around or () if id_ in (about or ())), None)
    if shared is not None and most_hops > 1:
        return (start.id, shared, end.id)
    left, right = start.side, end.side
    hops = len(start.way) + len(end.way)
    for search in (paths.adjacent, paths.across):
        hops += 1
        if hops > most_hops:
            return ()
        found = search(left, right, wanted)
        if found:
            return (*start.way, *found, *end.way)
    if hops < most_hops:
        raise BeyondReach
    return ()
