"""Detect whether the graph has changes that this database lost in a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_data.graph import projection_cypher as cypher

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

# The transaction number and the id of the newest outbox row that the graph has received. On the
# server that assigned them, both counters are beyond these values. Restoring a dump resets the
# counter of ids; a new server also resets that of transactions.
MADE = """
SELECT %(xid)s::text::xid8 < pg_snapshot_xmax(pg_current_snapshot()) AND %(row)s::bigint <=
    coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)
"""
CURSOR = "SELECT xid::text::bigint, id FROM outbox_cursors WHERE destination = 'graph'"


def graph_has_unknown_changes(database: Database, graph: GraphDatabase) -> bool:
    """Return whether the graph has changes that this database lost when it was restored.

    Raises Unavailable if Postgres or Neo4j cannot be reached.
    """
    # The graph is read first, so that Postgres has everything that the graph has received.
    position = graph.run(cypher.POSITION)
    if not position:
        return False
    row = database.row(MADE, {"xid": str(position[0]["xid"]), "row": position[0]["row"]})
    return row is not None and not row[0]


def set_graph_position(database: Database, graph: GraphDatabase) -> None:
    """Store the position of Postgres' cursor in the graph. Raises Unavailable."""
    row = database.row(CURSOR)
    if row is not None:
        graph.write(
            lambda tx: (
                tx.run(cypher.LOCK).consume(),
                tx.run(cypher.ADVANCE, {"xid": row[0], "row": 0}).consume(),
            )
        )
