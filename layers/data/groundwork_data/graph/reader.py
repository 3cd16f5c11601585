"""Answers questions from Neo4j."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.errors import GraphUnavailable, TookTooLong
from groundwork_core.knowledge.graph.model import (
    Entity,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPlace,
    Part,
)
from groundwork_data.graph import reading_cypher as cypher
from groundwork_data.graph.driver import READ_SECONDS
from groundwork_data.graph.properties import to_entity, to_relationship

if TYPE_CHECKING:
    from neo4j import Record

    from groundwork_data.graph.driver import GraphDatabase, Parameters

HUB_DEGREE = 2_000
RELATIONSHIPS_A_NODE = 10
"""A part shows at most so many relationships per node that it may have; more: it is truncated."""


class Neo4jReader:
    """Implements `GraphReader`, for one request."""

    def __init__(
        self, graph: GraphDatabase, seconds_left: Callable[[], float] = lambda: READ_SECONDS
    ) -> None:
        """Take the environment's graph, and how long the one who asks can still wait."""
        self._graph = graph
        self._seconds_left = seconds_left
        self._down: GraphUnavailable | None = None

    def entities(self, ids: Collection[Id]) -> Mapping[Id, Entity]:
        """Return those entities that exist, by id."""
        if not ids:
            return {}
        rows = self._read(cypher.ENTITIES, {"ids": list(ids)})
        return {row["node"]["id"]: to_entity(row["node"]) for row in rows}

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
        rows = self._read(cypher.LINKS[wanted.direction], parameters)
        pages: dict[Id, LinkPage] = {}
        for row in rows:
            links = tuple(
                Link(to_relationship(edge), to_entity(node)) for edge, node in row["links"]
            )
            pages[row["id"]] = LinkPage(links[:first], len(links) > first)
        return pages

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
            tuple(to_entity(node) for node in rows[0]["nodes"]),
            tuple(to_relationship(edge) for edge in rows[0]["edges"]),
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
            rows = self._read(
                cypher.HOP,
                _filter(wanted) | {"ids": frontier, "seen": list(found), "limit": room + 1},
            )
            truncated = len(rows) > room
            fresh = [to_entity(row["node"]) for row in rows[:room]]
            found |= {entity.id: entity for entity in fresh}
            frontier = [entity.id for entity in fresh]
        most = max_nodes * RELATIONSHIPS_A_NODE
        edges = (
            self._read(
                cypher.AMONG,
                _filter(wanted) | {"ids": list(found), "limit": most + 1, "hub_degree": HUB_DEGREE},
            )
            if found
            else []
        )
        return Part(
            tuple(found.values()),
            tuple(to_relationship(row["edge"]) for row in edges[:most]),
            truncated or len(edges) > most,
        )

    def _read(self, statement: str, parameters: Parameters) -> list[Record]:
        if self._down is not None:
            raise self._down  # who asks several things need not wait for each in vain
        left = self._seconds_left()
        if left <= 0:
            raise TookTooLong("This took too long; ask for less.")
        try:
            return self._graph.read(statement, parameters, seconds=min(left, READ_SECONDS))
        except GraphUnavailable as error:
            self._down = error
            raise


def _filter(wanted: LinkFilter) -> dict[str, object]:
    return {
        "types": None if wanted.types is None else list(wanted.types),
        "min_confidence": wanted.min_confidence,
        "as_of": wanted.as_of,
    }
