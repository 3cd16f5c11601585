"""What the graph shows, for comparing: properties, labels and ends, as they really are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groundwork_core.knowledge.graph.model import Entity, Id, Relationship
from groundwork_data.graph.properties import to_entity, to_relationship
from groundwork_data.graph.types import label, relationship_type

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

SECONDS = 120.0

BETWEEN = """
MATCH (n:Entity) WHERE n.id > $after AND n.id <= $upto
RETURN properties(n) AS node, labels(n) AS labels
"""
AMONG = """
UNWIND $ids AS id MATCH (n:Entity {id: id}) RETURN properties(n) AS node, labels(n) AS labels
"""
TYPES = "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS type"

STRANGE_NODES = """
MATCH (n)
WHERE (n:Entity AND n.id IS NULL)
    OR NOT (n:Entity OR n:Awaited OR n:Tombstone OR n:Projection OR n:Migration OR n:MigrationLock)
    OR (n:Awaited AND NOT (n)--())
RETURN elementId(n) AS element
"""
STRANGE_EDGES = "MATCH ()-[r]->() WHERE r.id IS NULL RETURN elementId(r) AS element"
REMOVE_NODES = "UNWIND $elements AS e MATCH (n) WHERE elementId(n) = e DETACH DELETE n"
REMOVE_EDGES = "UNWIND $elements AS e MATCH ()-[r]->() WHERE elementId(r) = e DELETE r"

EMPTY_EDGES = "MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS"
EMPTY_NODES = """
MATCH (n) WHERE NOT (n:Migration OR n:MigrationLock OR n:Projection)
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS
"""

_SHOWN = frozenset({"id", "name", "type", "confidence", "key", "aliases", "_v"})


def _edges(match: str) -> str:
    return f"""
{match}
RETURN r.id AS id, r._v AS _v, type(r) AS type, r.confidence AS confidence,
    r.valid_from AS valid_from, r.valid_to AS valid_to,
    coalesce(a.id, '') AS from_id, coalesce(b.id, '') AS to_id
"""


class Standing:
    """Reads the graph. None stands for something that is there but is not as we write it."""

    def __init__(self, graph: GraphDatabase) -> None:
        """Take the graph."""
        self._graph = graph

    def entities_between(self, after: Id, upto: Id) -> dict[Id, Entity | Relationship | None]:
        """Return the entities with `after` < id <= `upto`."""
        rows = self._read(BETWEEN, {"after": after, "upto": upto})
        return {row["node"]["id"]: _entity(row) for row in rows}

    def entities(self, ids: list[Id]) -> dict[Id, list[Entity | None]]:
        """Return those entities that exist."""
        return {row["node"]["id"]: [_entity(row)] for row in self._read(AMONG, {"ids": ids})}

    def relationships_between(
        self, name: str, after: Id, upto: Id
    ) -> dict[Id, Entity | Relationship | None]:
        """Return the relationships of a type with `after` < id <= `upto`."""
        match = f"MATCH (a)-[r:`{_checked(name)}`]->(b) WHERE r.id > $after AND r.id <= $upto"
        rows = self._read(_edges(match), {"after": after, "upto": upto})
        return {row["id"]: _relationship(row) for row in rows}

    def relationships(self, ids: list[Id]) -> dict[Id, list[Relationship | None]]:
        """Return those relationships that exist, of any type; there may be more than one."""
        found: dict[Id, list[Relationship | None]] = defaultdict(list)
        for name in self.types():
            match = f"UNWIND $ids AS id MATCH (a)-[r:`{_checked(name)}` {{id: id}}]->(b)"
            for row in self._read(_edges(match), {"ids": ids}):
                found[row["id"]].append(_relationship(row))
        return dict(found)

    def types(self) -> list[str]:
        """Return every relationship type that the graph has ever seen."""
        return [row["type"] for row in self._graph.run(TYPES)]

    def nameless(self) -> int:
        """Count what has no id, or is of no kind that we write."""
        return len(self._graph.run(STRANGE_NODES)) + len(self._graph.run(STRANGE_EDGES))

    def remove_nameless(self) -> None:
        """Remove what `nameless` counts."""
        for find, remove in ((STRANGE_EDGES, REMOVE_EDGES), (STRANGE_NODES, REMOVE_NODES)):
            elements = [row["element"] for row in self._graph.run(find)]
            if elements:
                self._graph.run(remove, {"elements": elements})

    def empty(self) -> None:
        """Remove everything but what migrations have made."""
        self._graph.run(EMPTY_EDGES)
        self._graph.run(EMPTY_NODES)

    def _read(self, statement: str, parameters: Mapping[str, object]) -> list[Mapping[str, Any]]:
        return list(self._graph.read(statement, parameters, seconds=SECONDS))


def _checked(name: str) -> str:
    """Types made by hand may have any name; one that is not ours is quoted as Cypher wants it."""
    try:
        return relationship_type(name)
    except ValueError:
        return name.replace("`", "``")


def _entity(row: Mapping[str, Any]) -> Entity | None:
    try:
        entity = to_entity(row["node"])
    except (TypeError, ValueError, AttributeError):
        return None
    labels = {"Entity", label(entity.type)}
    if set(row["labels"]) != labels or not set(row["node"]) <= _SHOWN:
        return None
    return entity


def _relationship(row: Mapping[str, Any]) -> Relationship | None:
    try:
        return to_relationship(row)
    except (TypeError, ValueError, AttributeError):
        return None
