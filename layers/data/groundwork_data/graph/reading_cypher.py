"""The statements of the reader: constants, with parameters only.

Limits live in here: every list has a LIMIT, every expansion a cap. `$types` null means all.
"""

from __future__ import annotations

from groundwork_core.knowledge.graph.model import Direction

_NODE = "[n.id, n._v, n.name, n.type, n.confidence, n.key, n.aliases]"

ENTITIES = f"UNWIND $ids AS id MATCH (n:Entity {{id: id}}) RETURN {_NODE} AS node"

_EDGE_HOLDS = """
    ($types IS NULL OR type(r) IN $types)
    AND ($min_confidence IS NULL OR r.confidence >= $min_confidence)
    AND ($as_of IS NULL OR (
        (r.valid_from IS NULL OR r.valid_from <= $as_of)
        AND (r.valid_to IS NULL OR $as_of < r.valid_to)))
"""

# Lists, not maps, and moments as text: half of the driver's time for a page.
_EDGE = """
[r.id, r._v, type(r), startNode(r).id, endNode(r).id, r.confidence,
 toString(r.valid_from), toString(r.valid_to)]
"""
_OTHER = _NODE.replace("n.", "m.")

_PATTERNS: dict[Direction, str] = {
    "OUT": "(n)-[r]->(m:Entity)",
    "IN": "(n)<-[r]-(m:Entity)",
    "ANY": "(n)-[r]-(m:Entity)",
}

# Of hubs only that they are hubs: what sorts them is elsewhere. Degrees are stored, so asking for
# one costs nothing.
LINKS: dict[Direction, str] = {
    direction: f"""
UNWIND $ids AS id
MATCH (n:Entity {{id: id}})
WITH id, n, COUNT {{ (n)--() }} >= $hub_degree AS hub
CALL (n, hub) {{
    WITH n WHERE NOT hub
    MATCH {pattern}
    WHERE {_EDGE_HOLDS}
    AND ($after_confidence IS NULL OR r.confidence < $after_confidence
        OR (r.confidence = $after_confidence AND r.id > $after_id))
    WITH r, m ORDER BY r.confidence DESC, r.id LIMIT $limit
    RETURN collect([{_EDGE}, {_OTHER}]) AS links
}}
RETURN id, hub, links
"""
    for direction, pattern in _PATTERNS.items()
}

# One hop outwards from all of the frontier: what is new, the surest first, each with its best link.
HOP = f"""
UNWIND $ids AS id
MATCH (n:Entity {{id: id}})
WITH collect(n) AS nodes
WITH [n IN nodes WHERE COUNT {{ (n)--() }} >= $hub_degree | n.id] AS hubs,
    [n IN nodes WHERE COUNT {{ (n)--() }} < $hub_degree] AS others
CALL (others) {{
    UNWIND others AS n
    CALL (n) {{
        MATCH (n)-[r]-(m:Entity)
        WHERE {_EDGE_HOLDS}
        AND NOT m.id IN $seen
        WITH m, max(r.confidence) AS sure ORDER BY sure DESC, m.id LIMIT $limit
        RETURN m, sure
    }}
    WITH m, max(sure) AS sure ORDER BY sure DESC, m.id LIMIT $limit
    RETURN collect([sure, {_OTHER}]) AS found
}}
RETURN hubs, found
"""

# Each relationship is found from its start, unless that has very many: those are only named.
# toString() hides the index from the planner, which would look from each node to each other one.
AMONG = f"""
UNWIND $ids AS id
MATCH (n:Entity {{id: id}})
WITH collect(n) AS nodes
WITH [n IN nodes WHERE COUNT {{ (n)-->() }} >= $hub_degree | n.id] AS hubs,
    [n IN nodes WHERE COUNT {{ (n)-->() }} < $hub_degree] AS others
CALL (others) {{
    UNWIND others AS n
    MATCH (n)-[r]->(m:Entity)
    WHERE toString(m.id) IN $ids AND {_EDGE_HOLDS}
    WITH r ORDER BY r.confidence DESC, r.id LIMIT $limit
    RETURN collect({_EDGE}) AS edges
}}
RETURN hubs, edges
"""

MOST_HOPS = 6

PATH = {
    hops: f"""
MATCH (a:Entity {{id: $from_id}}), (b:Entity {{id: $to_id}})
MATCH p = shortestPath((a)-[*1..{hops}]-(b))
WHERE all(r IN relationships(p) WHERE {_EDGE_HOLDS})
AND all(x IN nodes(p) WHERE x:Entity)
RETURN [n IN nodes(p) | {_NODE}] AS nodes, [r IN relationships(p) | {_EDGE}] AS edges
"""
    for hops in range(1, MOST_HOPS + 1)
}
