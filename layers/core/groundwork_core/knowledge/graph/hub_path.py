"""Find a shortest path near hubs without reading the relationships of a hub.

Neo4j's search is breadth-first and reads all relationships of each entity it visits, 70,000 of a
hub. This search reads the entities one hop from each end (none if the end is a hub). Between these
two sets, Postgres looks up the remaining one or two hops pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence

from groundwork_core.knowledge.graph.model import Id, LinkFilter, Surroundings
from groundwork_core.knowledge.graph.ports import HubPaths


class BeyondReach(Exception):
    """There may be a path, but it would be longer than this search can find."""


def shortest(
    start: Surroundings, end: Surroundings, most_hops: int, paths: HubPaths, wanted: LinkFilter
) -> Sequence[Id]:
    """Return the entities on a shortest path of at most `most_hops`; empty if there is none.

    Raises:
        BeyondReach: there is no path of at most four hops; three if one end is a hub; two if both
            are.
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
