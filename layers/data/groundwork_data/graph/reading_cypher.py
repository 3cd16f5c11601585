"""Cypher of the reader: constant texts with parameters.

Every list has a LIMIT, and every expansion a maximum. `types` null means all types.

All parameters are in one map, `$given`: Neo4j makes a plan for each combination of parameter types
and list sizes, which would be hundreds of plans at 60 to 400 ms each; for a map it makes one.

Entities and relationships are returned as columns: one list of values per field, in the order of
the model, and null for a field that `shown` does not name. Reading a property costs Neo4j about one
microsecond; sending a record per entity costs both sides ten.
"""

from __future__ import annotations

from typing import Literal

from groundwork_core.knowledge.graph.model import FIELDS, Direction

_READ = {
    "Entity": {"version": "x._v"},
    "Relationship": {
        "version": "x._v",
        "type": "type(x)",
        "from_id": "startNode(x).id",
        "to_id": "endNode(x).id",
        "valid_from": "toString(x.valid_from)",
        "valid_to": "toString(x.valid_to)",
    },
}


def _columns(of: str, kind: Literal["Entity", "Relationship"], ids: str = "") -> str:
    """Return the columns of a list of nodes or relationships. Ids are always included."""
    every = {name: _READ[kind].get(name, f"x.{name}") for name in FIELDS[kind]}
    columns = [ids or f"[x IN {of} | x.id]"] + [
        f"CASE WHEN '{kind}.{name}' IN $given.shown THEN [x IN {of} | {read}] END"
        for name, read in every.items()
        if name != "id"
    ]
    return f"[{', '.join(columns)}]"


# If all entities exist, their ids are the parameter: null, because sending them again takes a
# seventh of the time. Neo4j stores degrees, so reading one is cheap.
_IDS_IF_SOME_LACK = "CASE WHEN size(nodes) < size($given.ids) THEN ids END"
ENTITIES = f"""
UNWIND $given.ids AS id
MATCH (n:Entity {{id: id}})
WITH collect(n) AS nodes, collect(id) AS ids
RETURN {_columns("nodes", "Entity", _IDS_IF_SOME_LACK)} AS nodes,
    [n IN nodes WHERE COUNT {{ (n)--() }} >= $given.hub_degree | n.id] AS hubs
"""

_EDGE_HOLDS = """
    ($given.types IS NULL OR type(r) IN $given.types)
    AND ($given.min_confidence IS NULL OR r.confidence >= $given.min_confidence)
    AND ($given.as_of IS NULL OR (
        (r.valid_from IS NULL OR r.valid_from <= $given.as_of)
        AND (r.valid_to IS NULL OR $given.as_of < r.valid_to)))
"""

_PATTERNS: dict[Direction, str] = {
    "OUT": "(n)-[r]->(m:Entity)",
    "IN": "(n)<-[r]-(m:Entity)",
    "ANY": "(n)-[r]-(m:Entity)",
}

# A hub is only reported as a hub: Postgres reads and sorts its relationships.
LINKS: dict[Direction, str] = {
    direction: f"""
UNWIND $given.ids AS id
MATCH (n:Entity {{id: id}})
WITH id, n, COUNT {{ (n)--() }} >= $given.hub_degree AS hub
CALL (n, hub) {{
    WITH n WHERE NOT hub
    MATCH {pattern}
    WHERE {_EDGE_HOLDS}
    AND ($given.after_confidence IS NULL OR r.confidence < $given.after_confidence
        OR (r.confidence = $given.after_confidence AND r.id > $given.after_id))
    WITH r, m ORDER BY r.confidence DESC, r.id LIMIT $given.limit
    RETURN collect(r) AS edges, collect(m) AS nodes
}}
RETURN id, hub, {_columns("edges", "Relationship")} AS edges, {_columns("nodes", "Entity")} AS nodes
"""
    for direction, pattern in _PATTERNS.items()
}

# The neighbours of the two ends of a path, and which of them are hubs.
SURROUNDINGS = f"""
UNWIND $given.ids AS id
MATCH (n:Entity {{id: id}})
WITH id, n, COUNT {{ (n)--() }} >= $given.hub_degree AS hub
CALL (n, hub) {{
    WITH n WHERE NOT hub
    MATCH (n)-[r]-(m:Entity)
    WHERE {_EDGE_HOLDS}
    RETURN collect(m.id) AS others, collect(COUNT {{ (m)--() }} >= $given.hub_degree) AS hubs
}}
RETURN id, hub, others, hubs
"""

MOST_HOPS = 6

PATH = {
    hops: f"""
MATCH (a:Entity {{id: $given.from_id}}), (b:Entity {{id: $given.to_id}})
MATCH p = shortestPath((a)-[*1..{hops}]-(b))
WHERE all(r IN relationships(p) WHERE {_EDGE_HOLDS})
AND all(x IN nodes(p) WHERE x:Entity)
WITH nodes(p) AS nodes, relationships(p) AS edges
RETURN {_columns("nodes", "Entity")} AS nodes, {_columns("edges", "Relationship")} AS edges
"""
    for hops in range(1, MOST_HOPS + 1)
}

STATEMENTS = (ENTITIES, *LINKS.values(), SURROUNDINGS, *PATH.values())
