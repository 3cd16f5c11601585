"""A shortest path where hubs are near.

Neo4j's own search goes breadth first and reads all relationships of each entity it comes by: of a
hub, 70,000 for one way. Here no hub is walked from. Both ends are looked around for one hop, of a
hub for none; between the two sides there is then one more hop, or two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundwork_core.knowledge.graph.model import Id, LinkFilter, Side
from groundwork_core.knowledge.graph.ports import HubPaths


@dataclass(frozen=True, slots=True)
class Surroundings:
    """An end of a path: what is one hop from it, and which of these are hubs.

    `others` is None if it is a hub itself.
    """

    id: Id
    others: Mapping[Id, bool] | None

    @property
    def has_hubs(self) -> bool:
        """Whether a search from here would come by a hub."""
        return self.others is None or any(self.others.values())

    @property
    def way(self) -> tuple[Id, ...]:
        """What lies on the way to its side."""
        return () if self.others is None else (self.id,)

    @property
    def side(self) -> Side:
        """What the ways between both ends can begin with."""
        if self.others is None:
            return Side((), (self.id,))
        return Side(
            tuple(id_ for id_, hub in self.others.items() if not hub),
            tuple(id_ for id_, hub in self.others.items() if hub),
        )


class BeyondReach(Exception):
    """There may be a path, but not one that is found from here."""


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
