"""The instance's Postgres and Neo4j, seen from outside."""

from __future__ import annotations

import neo4j
from tests.child_instance import Instance

from groundwork_data.graph.projection_cypher import POSITION

WIPE = """
MATCH (n) WHERE n:Entity OR n:Tombstone OR n:Awaited
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS
"""


def graph_of(instance: Instance) -> neo4j.Driver:
    """Open a bare driver."""
    known = instance.addresses
    return neo4j.GraphDatabase.driver(
        known["NEO4J_URI"],
        auth=(known["NEO4J_USER"], known["NEO4J_PASSWORD"]),
        notifications_min_severity="OFF",
    )


def position_of(session: neo4j.Session) -> int:
    """Ask for the transaction of the newest outbox row that the graph has had."""
    row = session.run(POSITION).single()
    return int(row["xid"]) if row else 0


def wipe(driver: neo4j.Driver) -> None:
    """Remove all entities and relationships."""
    with driver.session() as session:
        session.run(WIPE).consume()
