"""Are the two stores the same, row by row? Asked without the code that `verify` is made of."""

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from neo4j import Driver

Row = tuple[Any, ...]

ENTITIES = """
SELECT id::text, version, ARRAY[initcap(type)], type, name, confidence, key, aliases
FROM entities
"""
NODES = """
MATCH (n:Entity) RETURN n.id, n._v, [l IN labels(n) WHERE l <> 'Entity'], n.type, n.name,
    n.confidence, n.key, coalesce(n.aliases, [])
"""
RELATIONSHIPS = """
SELECT id::text, version, type, from_id::text, to_id::text, confidence, valid_from, valid_to
FROM relationships
"""
EDGES = """
MATCH (a)-[r]->(b) RETURN r.id, r._v, type(r), a.id, b.id, r.confidence, r.valid_from, r.valid_to
"""
STRAYS = """
MATCH (n) WHERE n:Awaited OR (n:Tombstone AND (n)--())
RETURN labels(n) AS labels, n.id AS id
"""


def differences(database_url: str, driver: "Driver") -> list[str]:
    """What only one of Postgres and Neo4j has, or has otherwise; nothing: they are the same."""
    with psycopg.connect(database_url) as database:
        told = {
            "entity": Counter(_hashable(row) for row in database.execute(ENTITIES)),
            "relationship": Counter(_hashable(row) for row in database.execute(RELATIONSHIPS)),
        }
    shown = {
        "entity": Counter(_rows(driver, NODES)),
        "relationship": Counter(_rows(driver, EDGES)),
    }
    found = [
        f"{where}: {what} {row}"
        for what in told
        for where, left in (
            ("only in Postgres", told[what] - shown[what]),
            ("only in Neo4j", shown[what] - told[what]),
        )
        for row in left.elements()
    ]
    return found + [f"only in Neo4j: stray {row}" for row in _rows(driver, STRAYS)]


def _rows(driver: "Driver", query: str) -> list[Row]:
    return [_hashable(tuple(record.values())) for record in driver.execute_query(query).records]


def _hashable(row: Row) -> Row:
    return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if hasattr(value, "to_native"):
        value = value.to_native()
    return value.astimezone(UTC) if hasattr(value, "astimezone") else value
