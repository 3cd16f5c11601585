"""Answers questions from Neo4j."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from groundwork_core.errors import TookTooLong
from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_core.knowledge.graph.model import (
    EVERYTHING,
    RELATIONSHIPS_A_NODE,
    Entity,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPlace,
    Part,
    Relationship,
    Shown,
)
from groundwork_data.graph import reading_cypher as cypher
from groundwork_data.graph.driver import READ_SECONDS
from groundwork_data.graph.hub_path import BeyondReach, Surroundings, shortest
from groundwork_data.graph.properties import entities_of, relationships_of

if TYPE_CHECKING:
    from neo4j import Record

    from groundwork_core.knowledge.graph.ports import HubLists, HubPaths, Neighbourhoods
    from groundwork_data.graph.driver import GraphDatabase, Parameters

HUB_DEGREE = 1_000
"""An entity with so many relationships is a hub; below, sorting them takes a few ms."""


class Neo4jReader:
    """Implements `GraphReader`, for one request."""

    def __init__(
        self,
        graph: GraphDatabase,
        hub_lists: HubLists,
        hub_paths: HubPaths,
        neighbourhoods: Neighbourhoods,
        seconds_left: Callable[[], float] = lambda: READ_SECONDS,
        shown: Shown = EVERYTHING,
    ) -> None:
        """Take the graph, who reads in Postgres, how long the asker waits, and looks at what."""
        self._graph = graph
        self._hub_lists = hub_lists
        self._hub_paths = hub_paths
        self._neighbourhoods = neighbourhoods
        self._seconds_left = seconds_left
        self._shown = shown | {"Relationship.confidence"}  # their order is made of it
        self._down: GraphUnavailable | None = None

    def entities(self, ids: Collection[Id]) -> Mapping[Id, Entity]:
        """Return those entities that exist, by id."""
        return self._entities_and_hubs(ids)[0]

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        """Return the surest `first` links of each entity, from behind `after`."""
        if not ids:
            return {}
        parameters = wanted.conditions | {
            "ids": list(dict.fromkeys(ids)),
            "limit": first + 1,
            "after_confidence": after.confidence if after else None,
            "after_id": after.relationship_id if after else None,
        }
        pages: dict[Id, LinkPage] = {}
        hubs: list[Id] = []
        for row in self._read(cypher.LINKS[wanted.direction], parameters):
            if row["hub"]:
                hubs.append(row["id"])
                continue
            links = list(map(Link, relationships_of(row["edges"]), entities_of(row["nodes"])))
            pages[row["id"]] = LinkPage(tuple(links[:first]), len(links) > first)
        return pages | self._hub_pages(hubs, wanted, first, after) if hubs else pages

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Part | None:
        """Return a shortest path, or None if there is none of at most `max_hops`."""
        if from_id == to_id:
            found = self.entities([from_id])
            return Part(tuple(found.values()), ()) if found else None
        around = self._surroundings((from_id, to_id), wanted)
        start, end = around.get(from_id), around.get(to_id)
        if start is None or end is None:
            return None
        if start.has_hubs or end.has_hubs:
            with suppress(BeyondReach):
                return self._hub_path(start, end, max_hops, wanted)
        rows = self._read(
            cypher.PATH[max_hops], wanted.conditions | {"from_id": from_id, "to_id": to_id}
        )
        if not rows:
            return None
        return Part(tuple(entities_of(rows[0]["nodes"])), tuple(relationships_of(rows[0]["edges"])))

    def subgraph(self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter) -> Part:
        """Return what lies within `depth` hops, nearest and surest first, at most `max_nodes`."""
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
        nodes, hubs = self._entities_and_hubs(found)
        if nodes.keys().isdisjoint(sown):
            return Part((), ())
        most = max_nodes * RELATIONSHIPS_A_NODE
        edges = self._neighbourhoods.among(nodes, hubs, wanted, most + 1, self._shown)
        return Part(
            tuple(nodes[id_] for id_ in _in_order(found, nodes)),
            tuple(edges[:most]),
            truncated or len(edges) > most,
        )

    def _entities_and_hubs(self, ids: Collection[Id]) -> tuple[dict[Id, Entity], list[Id]]:
        if not ids:
            return {}, []
        asked = list(ids)
        row = self._read(cypher.ENTITIES, {"ids": asked})[0]
        found, *columns = row["nodes"]
        entities = entities_of([asked if found is None else found, *columns])
        return {entity.id: entity for entity in entities}, row["hubs"]

    def _hub_pages(
        self, hubs: list[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> dict[Id, LinkPage]:
        """Postgres lists, the graph confirms: entities that it has not had yet are not shown."""
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

    def _surroundings(self, ids: Sequence[Id], wanted: LinkFilter) -> dict[Id, Surroundings]:
        """Look around the ends of a path, as far as they exist."""
        found: dict[Id, Surroundings] = {}
        for row in self._read(cypher.SURROUNDINGS, wanted.conditions | {"ids": list(ids)}):
            others = None if row["hub"] else dict(zip(row["others"], row["hubs"], strict=True))
            found[row["id"]] = Surroundings(row["id"], others)
        return found

    def _hub_path(
        self, start: Surroundings, end: Surroundings, max_hops: int, wanted: LinkFilter
    ) -> Part | None:
        """Postgres finds the way, the graph confirms it. Raises BeyondReach."""
        ids = shortest(start, end, max_hops, self._hub_paths, wanted)
        if not ids:
            return None
        steps = self._hub_paths.steps(ids, wanted)
        nodes = self.entities(ids)
        if len(steps) < len(ids) - 1 or len(nodes) < len(ids):
            raise BeyondReach  # the stores are not at one: the graph has its own way
        return Part(tuple(nodes[id_] for id_ in ids), tuple(steps))

    def _read(self, statement: str, parameters: Parameters) -> list[Record]:
        if self._down is not None:
            raise self._down  # who asks several things need not wait for each in vain
        left = self._seconds_left()
        if left <= 0:
            raise TookTooLong("This took too long; ask for less.")
        try:
            return self._graph.read(
                statement,
                {"given": {"hub_degree": HUB_DEGREE, "shown": list(self._shown), **parameters}},
                seconds=min(left, READ_SECONDS),
            )
        except GraphUnavailable as error:
            self._down = error
            raise


def _in_order(ids: Iterable[Id], standing: Container[Id]) -> list[Id]:
    return [id_ for id_ in ids if id_ in standing]


def _other_end(relationship: Relationship, id_: Id) -> Id:
    return relationship.to_id if relationship.from_id == id_ else relationship.from_id
