"""Compare the two stores row by row, without the code of `verify`."""

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
    """Return the rows that differ between Postgres and Neo4j, or exist in one of them only."""
    with psycopg.connect(database_url) as database:
        expected = {
            "entity": Counter(_hashable(row) for row in database.execute(ENTITIES)),
            "relationship": Counter(_hashable(row) for row in database.execute(RELATIONSHIPS)),
        }
    shown = {
        "entity": Counter(_rows(driver, NODES)),
        "relationship": Counter(_rows(driver, EDGES)),
    }
    found = [
        f"{where}: {what} {row}"
        for what in expected
        for where, left in (
            ("only in Postgres", expected[what] - shown[what]),
            ("only in Neo4j", shown[what] - expected[what]),
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
