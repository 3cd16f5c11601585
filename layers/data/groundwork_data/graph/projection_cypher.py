"""The statements of the projection. Only checked type names are ever put into a text."""

from __future__ import annotations

from groundwork_data.graph.properties import EDGE_PROPERTIES
from groundwork_data.graph.types import relationship_type

# Locks before anything is compared: the next writer waits here, and then sees what this one left.
# One lock for all makes writers take turns, so none ever deadlocks with another.
LOCK = """
MERGE (p:Projection {name: 'graph'})
SET p.turn = coalesce(p.turn, 0) + 1
RETURN coalesce(p.xid, 0) AS xid, coalesce(p.row, 0) AS row
"""

POSITION = """
MATCH (p:Projection {name: 'graph'})
RETURN coalesce(p.xid, 0) AS xid, coalesce(p.row, 0) AS row
"""

ADVANCE = "MATCH (p:Projection {name: 'graph'}) SET p.xid = $xid, p.row = $row"

# ── Entities ─────────────────────────────────────────────────────────────────────────────────────

STANDING_ENTITIES = """
UNWIND $ids AS id
CALL (id) {
    MATCH (n:Entity {id: id}) RETURN 'entity' AS state, n._v AS version, n.type AS type
    UNION ALL
    MATCH (n:Awaited {id: id}) RETURN 'awaited' AS state, 0 AS version, null AS type
    UNION ALL
    MATCH (n:Tombstone {id: id}) RETURN 'tombstone' AS state, n._v AS version, null AS type
}
RETURN id, state, version, type
"""

CREATE_ENTITIES = """
UNWIND $rows AS row
CREATE (n:Entity:$(row.label)) SET n = row.properties
"""

UPDATE_ENTITIES = """
UNWIND $rows AS row
MATCH (n:Entity {id: row.properties.id})
SET n = row.properties
"""

RETYPE_ENTITIES = """
UNWIND $rows AS row
MATCH (n:Entity {id: row.properties.id})
REMOVE n:$(row.was)
SET n:$(row.label), n = row.properties
"""

WELCOME_ENTITIES = """
UNWIND $rows AS row
MATCH (n:Awaited {id: row.properties.id})
REMOVE n:Awaited
SET n:Entity:$(row.label), n = row.properties
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

BURY = """
UNWIND $rows AS row
MERGE (t:Tombstone {id: row.id})
SET t._v = row.version, t.of = $of
"""

UNBURY = "UNWIND $ids AS id MATCH (t:Tombstone {id: id}) DELETE t"

# For repair: labels as they must be are set again, and any version is taken.
FORGET_ENTITIES = """
UNWIND $ids AS id
MATCH (n:Entity {id: id})
CALL (n) {
    UNWIND labels(n) AS label
    WITH n, label WHERE label <> 'Entity'
    REMOVE n:$(label)
}
SET n._v = 0, n.type = '', n:Other
"""

ALL_TYPES = "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS type"

# ── Relationships ────────────────────────────────────────────────────────────────────────────────

STANDING_TOMBSTONES = """
UNWIND $ids AS id
MATCH (t:Tombstone {id: id})
RETURN t.id AS id, t._v AS version
"""

MISSING_ENDS = """
UNWIND $ids AS id
OPTIONAL MATCH (n:Entity {id: id})
WITH id, n WHERE n IS NULL
OPTIONAL MATCH (t:Tombstone {id: id})
RETURN id, t IS NOT NULL AS buried
"""

AWAIT = "UNWIND $ids AS id MERGE (:Awaited {id: id})"

TYPES = """
SHOW CONSTRAINTS YIELD name, entityType, labelsOrTypes, properties
WHERE entityType = 'RELATIONSHIP' AND properties = ['id']
RETURN labelsOrTypes[0] AS type
"""


def constrain(name: str) -> str:
    """Make ids unique within a type, which is also the index that finds them."""
    checked = relationship_type(name)
    return (
        f"CREATE CONSTRAINT `relationship_{checked.lower()}_id` IF NOT EXISTS"
        f" FOR ()-[r:`{checked}`]-() REQUIRE r.id IS UNIQUE"
    )


def standing(name: str) -> str:
    """Look relationships of a type up by id."""
    return f"""
UNWIND $ids AS id
MATCH (a)-[r:`{relationship_type(name)}` {{id: id}}]->(b)
RETURN id, r._v AS version, a.id AS from_id, b.id AS to_id
"""


def create(name: str) -> str:
    """Add relationships between entities that are there."""
    return f"""
UNWIND $rows AS row
MATCH (a:Entity {{id: row.from_id}})
MATCH (b:Entity {{id: row.to_id}})
CREATE (a)-[:`{relationship_type(name)}` {EDGE_PROPERTIES}]->(b)
"""


def create_awaiting(name: str) -> str:
    """Add relationships of which an end is still awaited."""
    return f"""
UNWIND $rows AS row
CALL (row) {{
    MATCH (a:Entity {{id: row.from_id}}) RETURN a
    UNION ALL
    MATCH (a:Awaited {{id: row.from_id}}) RETURN a
}}
CALL (row) {{
    MATCH (b:Entity {{id: row.to_id}}) RETURN b
    UNION ALL
    MATCH (b:Awaited {{id: row.to_id}}) RETURN b
}}
CREATE (a)-[:`{relationship_type(name)}` {EDGE_PROPERTIES}]->(b)
"""


def update(name: str) -> str:
    """Give relationships that stay where they are their new properties."""
    return f"""
UNWIND $rows AS row
MATCH ()-[r:`{relationship_type(name)}` {{id: row.id}}]->()
SET r = {EDGE_PROPERTIES}
"""


def delete(name: str) -> str:
    """Remove relationships of a type."""
    return f"""
UNWIND $ids AS id
MATCH ()-[r:`{relationship_type(name)}` {{id: id}}]->()
DELETE r
"""


def delete_any(name: str) -> str:
    """Remove relationships of a type that may have been made by hand, under any name."""
    quoted = name.replace("`", "``")
    return f"UNWIND $ids AS id MATCH ()-[r:`{quoted}` {{id: id}}]->() DELETE r"
