"""Has the graph had a history that this database has lost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_data.graph import projection_cypher as cypher

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

# Of the newest outbox row that the graph has had: the number of its transaction, and its own. The
# server that gave them is behind both. A dump takes the second back, a new server the first, too.
MADE = """
SELECT %(xid)s::text::xid8 < pg_snapshot_xmax(pg_current_snapshot()) AND %(row)s::bigint <=
    coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)
"""
CURSOR = "SELECT xid::text::bigint, id FROM outbox_cursors WHERE destination = 'graph'"


def graph_is_from_the_future(database: Database, graph: GraphDatabase) -> bool:
    """Say whether the graph has had a change that this database never made: it was restored.

    Raises Unavailable: Postgres or Neo4j cannot be reached.
    """
    # The graph first: what it has had by now, Postgres made before.
    position = graph.run(cypher.POSITION)
    if not position:
        return False
    row = database.row(MADE, {"xid": str(position[0]["xid"]), "row": position[0]["row"]})
    return row is not None and not row[0]


def agree_on_position(database: Database, graph: GraphDatabase) -> None:
    """Tell the graph where Postgres' cursor for it is. Raises Unavailable."""
    row = database.row(CURSOR)
    if row is not None:
        graph.write(
            lambda tx: (
                tx.run(cypher.LOCK).consume(),
                tx.run(cypher.ADVANCE, {"xid": row[0], "row": 0}).consume(),
            )
        )
