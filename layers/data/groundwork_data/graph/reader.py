"""Answers questions from Neo4j."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.errors import GraphUnavailable, TookTooLong
from groundwork_core.knowledge.graph.model import (
    RELATIONSHIPS_A_NODE,
    Entity,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPlace,
    Part,
    Relationship,
)
from groundwork_data.graph import reading_cypher as cypher
from groundwork_data.graph.driver import READ_SECONDS
from groundwork_data.graph.properties import entity_of_row, relationship_of_row

if TYPE_CHECKING:
    from neo4j import Record

    from groundwork_core.knowledge.graph.ports import HubLists
    from groundwork_data.graph.driver import GraphDatabase, Parameters

HUB_DEGREE = 1_000
"""An entity with so many relationships is a hub; below, sorting them takes a few ms."""


class Neo4jReader:
    """Implements `GraphReader`, for one request."""

    def __init__(
        self,
        graph: GraphDatabase,
        hub_lists: HubLists,
        seconds_left: Callable[[], float] = lambda: READ_SECONDS,
    ) -> None:
        """Take the environment's graph, who lists hubs, and how long the asker can still wait."""
        self._graph = graph
        self._hub_lists = hub_lists
        self._seconds_left = seconds_left
        self._down: GraphUnavailable | None = None

    def entities(self, ids: Collection[Id]) -> Mapping[Id, Entity]:
        """Return those entities that exist, by id."""
        if not ids:
            return {}
        rows = self._read(cypher.ENTITIES, {"ids": list(ids)})
        return {row["node"][0]: entity_of_row(row["node"]) for row in rows}

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        """Return the surest `first` links of each entity, from behind `after`."""
        if not ids:
            return {}
        parameters = _filter(wanted) | {
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
            links = [Link(relationship_of_row(r), entity_of_row(n)) for r, n in row["links"]]
            pages[row["id"]] = LinkPage(tuple(links[:first]), len(links) > first)
        return pages | self._hub_pages(hubs, wanted, first, after) if hubs else pages

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Part | None:
        """Return a shortest path, or None if there is none of at most `max_hops`."""
        if from_id == to_id:
            found = self.entities([from_id])
            return Part(tuple(found.values()), ()) if found else None
        rows = self._read(
            cypher.PATH[max_hops], _filter(wanted) | {"from_id": from_id, "to_id": to_id}
        )
        if not rows:
            return None
        return Part(
            tuple(entity_of_row(node) for node in rows[0]["nodes"]),
            tuple(relationship_of_row(edge) for edge in rows[0]["edges"]),
        )

    def subgraph(self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter) -> Part:
        """Return what lies within `depth` hops, nearest and surest first, at most `max_nodes`."""
        sown = list(dict.fromkeys(seeds))
        standing = self.entities(sown)
        found = {id_: standing[id_] for id_ in sown if id_ in standing}
        truncated = len(found) > max_nodes
        found = dict(list(found.items())[:max_nodes])
        frontier = list(found)
        for _ in range(depth):
            if not frontier or truncated:
                break
            room = max_nodes - len(found)
            fresh = self._hop(frontier, found, wanted, room + 1)
            truncated = len(fresh) > room
            found |= {entity.id: entity for entity in fresh[:room]}
            frontier = [entity.id for entity in fresh[:room]]
        most = max_nodes * RELATIONSHIPS_A_NODE
        edges = self._among(list(found), wanted, most + 1) if found else []
        return Part(tuple(found.values()), tuple(edges[:most]), truncated or len(edges) > most)

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

    def _hop(
        self, frontier: list[Id], seen: Mapping[Id, Entity], wanted: LinkFilter, limit: int
    ) -> list[Entity]:
        """Return up to `limit` entities that are new, the surest first."""
        row = self._read(
            cypher.HOP, _filter(wanted) | {"ids": frontier, "seen": list(seen), "limit": limit}
        )[0]
        nodes = {node[0]: entity_of_row(node) for _, node in row["found"]}
        sure: dict[Id, float] = {node[0]: confidence for confidence, node in row["found"]}
        if row["hubs"]:
            self._sure_of_hubs(row["hubs"], sure, seen, wanted, limit)
        best = sorted(sure, key=lambda id_: (-sure[id_], id_))[:limit]
        unknown = [id_ for id_ in best if id_ not in nodes]
        if unknown:
            nodes |= self.entities(unknown)
        return [nodes[id_] for id_ in best if id_ in nodes]

    def _sure_of_hubs(
        self,
        hubs: list[Id],
        sure: dict[Id, float],
        seen: Mapping[Id, Entity],
        wanted: LinkFilter,
        limit: int,
    ) -> None:
        """Add the surest neighbours of hubs to `sure`, as many as could be among its best."""
        reach = limit + len(seen)
        while True:
            lists = self._hub_lists.others(hubs, wanted, reach)
            short = False
            for others in lists.values():
                fresh = {o: c for o, c in reversed(others) if o not in seen}
                # Several relationships may lead to one entity: then there is more to look at.
                short = short or (len(fresh) < limit and len(others) == reach)
                sure.update((o, max(c, sure.get(o, 0.0))) for o, c in fresh.items())
            if not short:
                return
            reach *= 4

    def _among(self, ids: list[Id], wanted: LinkFilter, limit: int) -> list[Relationship]:
        """Return the surest relationships with both ends here."""
        row = self._read(cypher.AMONG, _filter(wanted) | {"ids": ids, "limit": limit})[0]
        edges = [relationship_of_row(edge) for edge in row["edges"]]
        if len(row["hubs"]) > 0:
            between = self._hub_lists.between(row["hubs"], ids, wanted, limit)
            edges = _surest([*edges, *between])
        return edges

    def _read(self, statement: str, parameters: Parameters) -> list[Record]:
        if self._down is not None:
            raise self._down  # who asks several things need not wait for each in vain
        left = self._seconds_left()
        if left <= 0:
            raise TookTooLong("This took too long; ask for less.")
        try:
            return self._graph.read(
                statement, {"hub_degree": HUB_DEGREE, **parameters}, seconds=min(left, READ_SECONDS)
            )
        except GraphUnavailable as error:
            self._down = error
            raise


def _other_end(relationship: Relationship, id_: Id) -> Id:
    return relationship.to_id if relationship.from_id == id_ else relationship.from_id


def _surest(relationships: Iterable[Relationship]) -> list[Relationship]:
    return sorted(relationships, key=lambda r: (-r.confidence, r.id))


def _filter(wanted: LinkFilter) -> dict[str, object]:
    return {
        "types": None if wanted.types is None else list(wanted.types),
        "min_confidence": wanted.min_confidence,
        "as_of": wanted.as_of,
    }
