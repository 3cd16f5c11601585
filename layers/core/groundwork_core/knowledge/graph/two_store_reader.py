"""Answer graph queries from the cheaper of the two stores.

Neo4j answers queries about ordinary entities. For a hub it would read tens of thousands of
relationships. Postgres has ordered indexes, so it finds the links, paths and subgraphs of hubs, and
Neo4j confirms which of the entities the graph already has.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress

from groundwork_core.knowledge.graph.hub_path import BeyondReach, shortest
from groundwork_core.knowledge.graph.model import (
    ALL_FIELDS,
    RELATIONSHIPS_A_NODE,
    GraphEntity,
    GraphRelationship,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPlace,
    SelectedFields,
    Subgraph,
    Surroundings,
)
from groundwork_core.knowledge.graph.ports import GraphStore, HubLists, HubPaths, Neighbourhoods


class TwoStoreReader:
    """Implements `GraphReader` for one request."""

    def __init__(
        self,
        store: GraphStore,
        hub_lists: HubLists,
        hub_paths: HubPaths,
        neighbourhoods: Neighbourhoods,
        selected: SelectedFields = ALL_FIELDS,
    ) -> None:
        """`store` is the graph; the other ports read Postgres.

        `selected` has the selected fields.
        """
        self._store = store
        self._hub_lists = hub_lists
        self._hub_paths = hub_paths
        self._neighbourhoods = neighbourhoods
        self._selected = selected | {"Relationship.confidence"}  # their order depends on it

    def entities(self, ids: Collection[Id]) -> Mapping[Id, GraphEntity]:
        """Return those entities that exist, by id."""
        return self._store.nodes(ids).entities

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        """Return up to `first` links of each entity after `after`, highest confidence first."""
        if not ids:
            return {}
        found = self._store.links(ids, wanted, first, after)
        if not found.hubs:
            return found.pages
        return {**found.pages, **self._hub_pages(found.hubs, wanted, first, after)}

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Subgraph | None:
        """Return a shortest path, or None if there is none of at most `max_hops`."""
        if from_id == to_id:
            found = self.entities([from_id])
            return Subgraph(tuple(found.values()), ()) if found else None
        around = self._store.surroundings((from_id, to_id), wanted)
        start, end = around.get(from_id), around.get(to_id)
        if start is None or end is None:
            return None
        if start.has_hubs or end.has_hubs:
            with suppress(BeyondReach):
                return self._hub_path(start, end, max_hops, wanted)
        return self._store.shortest_path(from_id, to_id, max_hops, wanted)

    def subgraph(
        self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter
    ) -> Subgraph:
        """Return entities within `depth` hops, nearest first, at most `max_nodes`."""
        sown = list(dict.fromkeys(seeds))
        if len(sown) > 1:
            sown = _in_order(sown, self.entities(sown))
        truncated = len(sown) > max_nodes
        found = dict.fromkeys(sown[:max_nodes])
        frontier = list(found)
        for _ in range(depth):
            if not frontier or truncated:
                break
            near = self._neighbourhoods.next_to(frontier, wanted, max_nodes + 1)
            room = max_nodes - len(found)
            frontier = [id_ for id_ in near if id_ not in found]
            truncated = len(frontier) > room
            found |= dict.fromkeys(frontier[:room])
        confirmed = self._store.nodes(found)
        nodes, hubs = confirmed.entities, confirmed.hubs
        if nodes.keys().isdisjoint(sown):
            return Subgraph((), ())
        most = max_nodes * RELATIONSHIPS_A_NODE
        edges = self._neighbourhoods.among(nodes, hubs, wanted, most + 1, self._selected)
        return Subgraph(
            tuple(nodes[id_] for id_ in _in_order(found, nodes)),
            tuple(edges[:most]),
            truncated or len(edges) > most,
        )

    def _hub_pages(
        self, hubs: Sequence[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> dict[Id, LinkPage]:
        """List links from Postgres, without entities that the graph has not received yet."""
        lists = self._hub_lists.links(hubs, wanted, first + 1, after)
        ends = {id_: [(r, _other_end(r, id_)) for r in lists.get(id_, ())] for id_ in hubs}
        nodes = self.entities({other for pairs in ends.values() for _, other in pairs})
        return {
            id_: LinkPage(
                tuple(Link(r, nodes[other]) for r, other in pairs[:first] if other in nodes),
                len(pairs) > first,
            )
            for id_, pairs in ends.items()
        }

    def _hub_path(
        self, start: Surroundings, end: Surroundings, max_hops: int, wanted: LinkFilter
    ) -> Subgraph | None:
        """Find a path in Postgres and confirm it in the graph. Raises BeyondReach."""
        ids = shortest(start, end, max_hops, self._hub_paths, wanted)
        if not ids:
            return None
        steps = self._hub_paths.steps(ids, wanted)
        nodes = self.entities(ids)
        if len(steps) < len(ids) - 1 or len(nodes) < len(ids):
            raise BeyondReach  # the stores differ for a moment: search the graph instead
        return Subgraph(tuple(nodes[id_] for id_ in ids), tuple(steps))


def _in_order(ids: Iterable[Id], existing: Container[Id]) -> list[Id]:
    return [id_ for id_ in ids if id_ in existing]


def _other_end(relationship: GraphRelationship, id_: Id) -> Id:
    return relationship.to_id if relationship.from_id == id_ else relationship.from_id
