"""The statements of the reader: constants, with parameters only.

Limits live in here: every list has a LIMIT, every expansion a cap. `$types` null means all.
"""

from __future__ import annotations

from groundwork_core.knowledge.graph.model import Direction

ENTITIES = "UNWIND $ids AS id MATCH (n:Entity {id: id}) RETURN properties(n) AS node"

_EDGE_HOLDS = """
    ($types IS NULL OR type(r) IN $types)
    AND ($min_confidence IS NULL OR r.confidence >= $min_confidence)
    AND ($as_of IS NULL OR (
        (r.valid_from IS NULL OR r.valid_from <= $as_of)
        AND (r.valid_to IS NULL OR $as_of < r.valid_to)))
"""

_EDGE = """
{id: r.id, _v: r._v, type: type(r), confidence: r.confidence, valid_from: r.valid_from,
 valid_to: r.valid_to, from_id: startNode(r).id, to_id: endNode(r).id}
"""

_PATTERNS: dict[Direction, str] = {
    "OUT": "(n)-[r]->(m:Entity)",
    "IN": "(n)<-[r]-(m:Entity)",
    "ANY": "(n)-[r]-(m:Entity)",
}

LINKS: dict[Direction, str] = {
    direction: f"""
UNWIND $ids AS id
MATCH (n:Entity {{id: id}})
CALL (n) {{
    MATCH {pattern}
    WHERE {_EDGE_HOLDS}
    AND ($after_confidence IS NULL OR r.confidence < $after_confidence
        OR (r.confidence = $after_confidence AND r.id > $after_id))
    WITH r, m ORDER BY r.confidence DESC, r.id LIMIT $limit
    RETURN collect([{_EDGE}, properties(m)]) AS links
}}
RETURN id, links
"""
    for direction, pattern in _PATTERNS.items()
}

# One hop outwards from all of the frontier: what is new, the surest first, each with its best link.
HOP = f"""
UNWIND $ids AS id
MATCH (n:Entity {{id: id}})
CALL (n) {{
    MATCH (n)-[r]-(m:Entity)
    WHERE {_EDGE_HOLDS}
    AND NOT m.id IN $seen
    WITH m, max(r.confidence) AS sure ORDER BY sure DESC, m.id LIMIT $limit
    RETURN m, sure
}}
WITH m, max(sure) AS sure ORDER BY sure DESC, m.id LIMIT $limit
RETURN properties(m) AS node
"""

# Hubs are not expanded: what joins them to others is found from the others, and two hubs are
# joined by looking from one to the other, which costs the smaller of the two. toString() hides
# the index from the planner, which would otherwise look from each node to each other one.
AMONG = f"""
MATCH (n:Entity) WHERE n.id IN $ids
WITH collect(n) AS nodes
WITH nodes, [n IN nodes WHERE COUNT {{ (n)--() }} > $hub_degree] AS hubs
CALL (nodes, hubs) {{
    UNWIND nodes AS n
    WITH n, hubs WHERE NOT n IN hubs
    MATCH (n)-[r]-(m:Entity)
    WHERE toString(m.id) IN $ids AND {_EDGE_HOLDS}
    RETURN r
    UNION
    UNWIND hubs AS a
    UNWIND hubs AS b
    MATCH (a)-[r]->(b)
    WHERE {_EDGE_HOLDS}
    RETURN r
}}
WITH DISTINCT r ORDER BY r.confidence DESC, r.id LIMIT $limit
RETURN {_EDGE} AS edge
"""

MOST_HOPS = 6

PATH = {
    hops: f"""
MATCH (a:Entity {{id: $from_id}}), (b:Entity {{id: $to_id}})
MATCH p = shortestPath((a)-[*1..{hops}]-(b))
WHERE all(r IN relationships(p) WHERE {_EDGE_HOLDS})
AND all(x IN nodes(p) WHERE x:Entity)
RETURN [x IN nodes(p) | properties(x)] AS nodes, [r IN relationships(p) | {_EDGE}] AS edges
"""
    for hops in range(1, MOST_HOPS + 1)
}
