"""Read the graph from Neo4j for one request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.errors import TookTooLong
from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_core.knowledge.graph.model import (
    ALL_FIELDS,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPages,
    LinkPlace,
    Nodes,
    SelectedFields,
    Subgraph,
    Surroundings,
)
from groundwork_data.graph import reading_cypher as cypher
from groundwork_data.graph.driver import READ_SECONDS
from groundwork_data.graph.properties import entities_of, relationships_of

if TYPE_CHECKING:
    from neo4j import Record

    from groundwork_data.graph.driver import GraphDatabase, Parameters

HUB_DEGREE = 1_000
"""Number of relationships of a hub; sorting fewer takes at most a few milliseconds."""


class Neo4jStore:
    """Implements `GraphStore`, for one request."""

    def __init__(
        self,
        graph: GraphDatabase,
        seconds_left: Callable[[], float] = lambda: READ_SECONDS,
        selected: SelectedFields = ALL_FIELDS,
    ) -> None:
        """`seconds_left` is the request's remaining time; `selected` are the selected fields."""
        self._graph = graph
        self._seconds_left = seconds_left
        self._selected = selected | {"Relationship.confidence"}  # their order depends on it
        self._down: GraphUnavailable | None = None

    def nodes(self, ids: Collection[Id]) -> Nodes:
        """Return the entities that exist, and which of them are hubs."""
        if not ids:
            return Nodes({}, ())
        asked = list(ids)
        row = self._read(cypher.ENTITIES, {"ids": asked})[0]
        found, *columns = row["nodes"]
        entities = entities_of([asked if found is None else found, *columns])
        return Nodes({entity.id: entity for entity in entities}, row["hubs"])

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> LinkPages:
        """Return a page of links of each entity; for hubs only their ids."""
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
        return LinkPages(pages, hubs)

    def surroundings(self, ids: Sequence[Id], wanted: LinkFilter) -> Mapping[Id, Surroundings]:
        """Return the neighbours of each existing entity; none for a hub."""
        found: dict[Id, Surroundings] = {}
        for row in self._read(cypher.SURROUNDINGS, wanted.conditions | {"ids": list(ids)}):
            others = None if row["hub"] else dict(zip(row["others"], row["hubs"], strict=True))
            found[row["id"]] = Surroundings(row["id"], others)
        return found

    def shortest_path(
        self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter
    ) -> Subgraph | None:
        """Return a shortest path by Neo4j's shortestPath, or None."""
        rows = self._read(
            cypher.PATH[max_hops], wanted.conditions | {"from_id": from_id, "to_id": to_id}
        )
        if not rows:
            return None
        return Subgraph(
            tuple(entities_of(rows[0]["nodes"])), tuple(relationships_of(rows[0]["edges"]))
        )

    def _read(self, statement: str, parameters: Parameters) -> list[Record]:
        if self._down is not None:
            raise self._down  # a request waits for an unreachable graph only once
        left = self._seconds_left()
        if left <= 0:
            raise TookTooLong("The query took too long; request less data.")
        try:
            return self._graph.read(
                statement,
                {"given": {"hub_degree": HUB_DEGREE, "shown": list(self._selected), **parameters}},
                seconds=min(left, READ_SECONDS),
            )
        except GraphUnavailable as error:
            self._down = error
            raise
