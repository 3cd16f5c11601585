"""Read the rows that the graph has: properties, labels and ends, to compare with Postgres.

A slice is read as one list of flat rows, in a tenth of the time of one record per node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph.expected_rows import FIRST, LAST, Aggregate, Row, Stage
from groundwork_data.graph.types import relationship_type

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

SECONDS = 120.0
HIGHEST_TEXT = "\U0010ffff"

_ENTITY = """
[n.id, n._v, n.type, [l IN labels(n) WHERE l <> 'Entity'], n.name, n.confidence, n.key,
 coalesce(n.aliases, []), size(keys(n)) - CASE WHEN n.aliases IS NULL THEN 0 ELSE 1 END]
"""
# Not epochSeconds, because Neo4j rounds it towards 1970.
_MICROSECONDS = "r.{0}.epochMillis * 1000 + r.{0}.microsecond % 1000"
_RELATIONSHIP = f"""
[r.id, r._v, type(r), [coalesce(a.id, ''), coalesce(b.id, '')], r.confidence,
 {_MICROSECONDS.format("valid_from")}, {_MICROSECONDS.format("valid_to")}, size(keys(r))]
"""
# For relationships edited by hand, with a text in the place of a time, which has no epochMillis.
_STRANGE_RELATIONSHIP = """
[r.id, r._v, type(r), [coalesce(a.id, ''), coalesce(b.id, '')], r.confidence,
 toString(r.valid_from), toString(r.valid_to), size(keys(r))]
"""
ENTITIES_BETWEEN = f"""
MATCH (n:Entity) WHERE n.id > $after AND n.id <= $upto
WITH n ORDER BY n.id
RETURN collect({_ENTITY}) AS rows
"""
ENTITIES_AMONG = f"""
UNWIND $ids AS id MATCH (n:Entity {{id: id}}) RETURN collect({_ENTITY}) AS rows
"""
COUNT_ENTITIES = "MATCH (n:Entity) RETURN count(n) AS n"
COUNT_RELATIONSHIPS = "MATCH ()-[r]->() RETURN count(r) AS n"
TYPES = "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS type"
TOMBSTONES = """
MATCH (t:Tombstone) WHERE t.id > $after RETURN t.id AS id, t._v AS version
ORDER BY t.id LIMIT $limit
"""

STRANGE_NODES = """
MATCH (n)
WHERE (n:Entity AND (NOT n.id IS :: STRING NOT NULL OR n.id = ''))
    OR NOT (n:Entity OR n:Awaited OR n:Tombstone OR n:Projection OR n:Migration OR n:MigrationLock)
    OR (n:Awaited AND NOT (n)--())
    OR (n:Tombstone AND (n.id IS NULL OR n._v IS NULL))
RETURN elementId(n) AS element
"""
STRANGE_EDGES = """
MATCH ()-[r]->() WHERE NOT r.id IS :: STRING NOT NULL OR r.id = ''
RETURN elementId(r) AS element
UNION
MATCH (t:Tombstone)-[r]-() RETURN elementId(r) AS element
"""
REMOVE_NODES = """
UNWIND $elements AS e MATCH (n) WHERE elementId(n) = e
OPTIONAL MATCH (n)-[r]-()
WITH n, collect(r.id) AS ids DETACH DELETE n
RETURN ids
"""
REMOVE_EDGES = """
UNWIND $elements AS e MATCH ()-[r]->() WHERE elementId(r) = e
WITH r, [r.id] AS ids DELETE r
RETURN ids
"""


def _edges_between(name: str, row: str) -> str:
    return f"""
MATCH (a)-[r:`{_quoted_type(name)}`]->(b) WHERE r.id > $after AND r.id <= $upto
WITH a, r, b ORDER BY r.id
RETURN collect({row}) AS rows
"""


def _edges_among(name: str, row: str) -> str:
    return f"""
UNWIND $ids AS id MATCH (a)-[r:`{_quoted_type(name)}` {{id: id}}]->(b)
RETURN collect({row}) AS rows
"""


class ActualRows:
    """Reads the rows of the graph; without drift they equal those of `ExpectedRows`."""

    def __init__(self, graph: GraphDatabase) -> None:
        self._graph = graph

    def between(self, stage: Stage, after: Id, upto: Id) -> list[Row]:
        """Return the rows of a stage with `after` < id <= `upto`, in the order of ids."""
        # Ids set by hand may be any text: the first and last slices include those, too.
        given = {
            "after": "" if after == FIRST else after,
            "upto": HIGHEST_TEXT if upto == LAST else upto,
        }
        if stage.aggregate == "entities":
            return self._rows(ENTITIES_BETWEEN, given)
        return self._edges(
            _edges_between(stage.type, _RELATIONSHIP),
            _edges_between(stage.type, _STRANGE_RELATIONSHIP),
            given,
        )

    def among(self, aggregate: Aggregate, ids: Sequence[Id]) -> dict[Id, list[Row]]:
        """Return the existing rows of any type by id; an id may have more than one."""
        given = {"ids": list(ids)}
        found: dict[Id, list[Row]] = defaultdict(list)
        if aggregate == "entities":
            rows = self._rows(ENTITIES_AMONG, given)
        else:
            rows = [
                row
                for name in self.types()
                for row in self._edges(
                    _edges_among(name, _RELATIONSHIP),
                    _edges_among(name, _STRANGE_RELATIONSHIP),
                    given,
                )
            ]
        for row in rows:
            found[str(row[0])].append(row)
        return dict(found)

    def counts(self) -> dict[Aggregate, int]:
        """Return the numbers of entities and relationships, which Neo4j keeps as statistics."""
        return {
            "entities": self._graph.run(COUNT_ENTITIES)[0]["n"],
            "relationships": self._graph.run(COUNT_RELATIONSHIPS)[0]["n"],
        }

    def tombstones(self, after: Id, limit: int) -> list[tuple[Id, int]]:
        """Return (id, version) of tombstones, in the order of ids."""
        rows = self._read(TOMBSTONES, {"after": after, "limit": limit})
        return [(row["id"], row["version"] or 0) for row in rows]

    def types(self) -> list[str]:
        """Return every relationship type that the graph has ever had."""
        return [row["type"] for row in self._graph.run(TYPES)]

    def nameless(self) -> int:
        """Count nodes and relationships without an id, of unknown kinds, or at tombstones."""
        return len(self._graph.run(STRANGE_NODES)) + len(self._graph.run(STRANGE_EDGES))

    def remove_nameless(self) -> list[Id]:
        """Delete what `nameless` counts; return the ids of relationships deleted with it."""
        gone: dict[Id, None] = {}
        for find, remove in ((STRANGE_EDGES, REMOVE_EDGES), (STRANGE_NODES, REMOVE_NODES)):
            elements = [row["element"] for row in self._graph.run(find)]
            removed = self._graph.run(remove, {"elements": elements}) if elements else []
            gone |= {id_: None for row in removed for id_ in row["ids"] if isinstance(id_, str)}
        return list(gone)

    def _edges(self, statement: str, for_strange: str, given: Mapping[str, object]) -> list[Row]:
        from neo4j.exceptions import ClientError

        try:
            return self._rows(statement, given)
        except ClientError as error:
            if "TypeError" not in (error.code or ""):
                raise
            return self._rows(for_strange, given)

    def _rows(self, statement: str, given: Mapping[str, object]) -> list[Row]:
        rows: list[Row] = self._read(statement, given)[0]["rows"]
        return rows

    def _read(self, statement: str, parameters: Mapping[str, object]) -> list[Mapping[str, Any]]:
        return list(self._graph.read(statement, parameters, seconds=SECONDS))


def _quoted_type(name: str) -> str:
    """Return a type's name for Cypher, quoted; types made by hand may have any name."""
    try:
        return relationship_type(name)
    except ValueError:
        return name.replace("`", "``")
