"""Cypher of the projection. Only checked type names become part of a text.

Queries collect all results into one list, `rows`; see `Statements.ask`.
"""

from __future__ import annotations

from groundwork_data.graph.properties import EDGE_PROPERTIES, ENTITY_PROPERTIES
from groundwork_data.graph.types import relationship_type

# Locks before anything is compared: the next writer waits here, and then reads what this one wrote.
# One lock for all writers, so that they do not deadlock.
LOCK = """
MERGE (p:Projection {name: 'graph'})
SET p.turn = coalesce(p.turn, 0) + 1
RETURN [coalesce(p.xid, 0), coalesce(p.row, 0)] AS rows
"""

POSITION = """
MATCH (p:Projection {name: 'graph'})
RETURN coalesce(p.xid, 0) AS xid, coalesce(p.row, 0) AS row
"""

ADVANCE = "MATCH (p:Projection {name: 'graph'}) SET p.xid = $xid, p.row = $row"

# ── Entities ─────────────────────────────────────────────────────────────────────────────────────

FIND_ENTITIES = """
UNWIND $ids AS id
CALL (id) {
    MATCH (n:Entity {id: id}) RETURN 'entity' AS state, coalesce(n._v, 0) AS version, n.type AS type
    UNION ALL
    MATCH (n:Awaited {id: id}) RETURN 'awaited' AS state, 0 AS version, null AS type
    UNION ALL
    MATCH (n:Tombstone {id: id}) RETURN 'tombstone' AS state, n._v AS version, null AS type
}
RETURN collect([id, state, version, type]) AS rows
"""

UPDATE_ENTITIES = f"""
UNWIND $rows AS row
MATCH (n:Entity {{id: row[0]}}) WHERE n._v < row[6] AND n.type = row[2]
SET n = {ENTITY_PROPERTIES}
RETURN collect(row[0]) AS rows
"""

RETYPE_ENTITIES = f"""
UNWIND $rows AS row
MATCH (n:Entity {{id: row[0]}})
REMOVE n:$(row[8])
SET n:$(row[7]), n = {ENTITY_PROPERTIES}
"""

FILL_AWAITED = f"""
UNWIND $rows AS row
MATCH (n:Awaited {{id: row[0]}})
REMOVE n:Awaited
SET n:Entity:$(row[7]), n = {ENTITY_PROPERTIES}
"""

DELETE_ENTITIES = """
UNWIND $ids AS id
CALL (id) {
    MATCH (n:Entity {id: id}) RETURN n
    UNION ALL
    MATCH (n:Awaited {id: id}) RETURN n
}
DETACH DELETE n
"""

WRITE_TOMBSTONES = """
UNWIND $rows AS row
MERGE (t:Tombstone {id: row[0]})
SET t._v = row[1], t.of = $of
"""

DELETE_TOMBSTONES = "UNWIND $ids AS id MATCH (t:Tombstone {id: id}) DELETE t"

# For repair: removes labels and sets version 0, so that the next write is accepted and sets both.
RESET_ENTITIES = """
UNWIND $ids AS id
MATCH (n:Entity {id: id})
CALL (n) {
    UNWIND labels(n) AS label
    WITH n, label WHERE label <> 'Entity'
    REMOVE n:$(label)
}
SET n._v = 0, n.type = '', n:Other
"""

ALL_TYPES = """
CALL db.relationshipTypes() YIELD relationshipType RETURN collect(relationshipType) AS rows
"""

# ── Relationships ────────────────────────────────────────────────────────────────────────────────

FIND_TOMBSTONES = """
UNWIND $ids AS id
MATCH (t:Tombstone {id: id})
RETURN collect([id, t._v]) AS rows
"""

MISSING_ENDS = """
UNWIND $ids AS id
OPTIONAL MATCH (n:Entity {id: id})
WITH id, n WHERE n IS NULL
OPTIONAL MATCH (t:Tombstone {id: id})
RETURN collect([id, t IS NOT NULL]) AS rows
"""

CREATE_AWAITED = "UNWIND $ids AS id MERGE (:Awaited {id: id})"

TYPES = """
SHOW CONSTRAINTS YIELD name, entityType, labelsOrTypes, properties
WHERE entityType = 'RELATIONSHIP' AND properties = ['id']
RETURN labelsOrTypes[0] AS type
"""


def create_entities(label: str) -> str:
    """Return the statement that creates nodes with a label, one of ENTITY_LABELS."""
    return f"UNWIND $rows AS row CREATE (:Entity:`{label}` {ENTITY_PROPERTIES})"


def constrain(name: str) -> str:
    """Return the constraint that ids of a type are unique; its index also finds them."""
    checked = relationship_type(name)
    return (
        f"CREATE CONSTRAINT `relationship_{checked.lower()}_id` IF NOT EXISTS"
        f" FOR ()-[r:`{checked}`]-() REQUIRE r.id IS UNIQUE"
    )


def _by_id(name: str) -> str:
    """Return the hint to use the index on ids of a type.

    Without the hint, a plan that was made for few relationships scans all of them for each row, and
    Neo4j keeps using it until the statistics change, even during a large backlog.
    """
    return f"USING INDEX SEEK r:`{relationship_type(name)}`(id)"


def find(name: str) -> str:
    """Return the query for relationships of a type by id."""
    return f"""
UNWIND $ids AS id
MATCH ()-[r:`{relationship_type(name)}` {{id: id}}]->() {_by_id(name)}
RETURN collect([id, coalesce(r._v, 0)]) AS rows
"""


def create(name: str) -> str:
    """Return the statement that creates relationships between existing entities."""
    return f"""
UNWIND $rows AS row
MATCH (a:Entity {{id: row[1]}})
MATCH (b:Entity {{id: row[2]}})
CREATE (a)-[:`{relationship_type(name)}` {EDGE_PROPERTIES}]->(b)
"""


def create_awaiting(name: str) -> str:
    """Return the statement that creates relationships with an end that is still awaited."""
    return f"""
UNWIND $rows AS row
CALL (row) {{
    MATCH (a:Entity {{id: row[1]}}) RETURN a
    UNION ALL
    MATCH (a:Awaited {{id: row[1]}}) RETURN a
}}
CALL (row) {{
    MATCH (b:Entity {{id: row[2]}}) RETURN b
    UNION ALL
    MATCH (b:Awaited {{id: row[2]}}) RETURN b
}}
CREATE (a)-[:`{relationship_type(name)}` {EDGE_PROPERTIES}]->(b)
"""


def update(name: str) -> str:
    """Return the statement that updates relationships in place and collects their ids."""
    return f"""
UNWIND $rows AS row
MATCH (a)-[r:`{relationship_type(name)}` {{id: row[0]}}]->(b) {_by_id(name)}
WHERE r._v < row[6] AND a.id = row[1] AND b.id = row[2]
SET r = {EDGE_PROPERTIES}
RETURN collect(row[0]) AS rows
"""


def delete(name: str) -> str:
    """Return the statement that deletes relationships of a type."""
    return f"""
UNWIND $ids AS id
MATCH ()-[r:`{relationship_type(name)}` {{id: id}}]->() {_by_id(name)}
DELETE r
"""


def delete_any(name: str) -> str:
    """Return the statement that deletes relationships of a type, even of a foreign name."""
    quoted = name.replace("`", "``")
    return f"UNWIND $ids AS id MATCH ()-[r:`{quoted}` {{id: id}}]->() DELETE r"
