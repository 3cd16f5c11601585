"""Create missing entities and relationships in bulk, five times as fast as the projection.

Only for rows that the graph does not have at all, and under the lock of all writers. Ids with a
tombstone are left out. So are relationships with an undelivered change: they may have had another
type then, and would exist twice. If an id was created in the meantime, the constraint on ids fails
the batch, which is then retried without that id. The caller repairs the ids that were left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.expected_rows import ID, LABELS, TYPE, VERSION, Row, Stage

if TYPE_CHECKING:
    from neo4j import ManagedTransaction, Record

    from groundwork_data.graph.driver import GraphDatabase

SECONDS = 120.0
WRITERS = 2
"""Concurrent transactions under one lock."""

# Neo4j stores both counts, so this is cheap; checking each id is not.
ANY_DEAD = """
MATCH (t:Tombstone) RETURN count(t) AS n
UNION ALL
MATCH (w:Awaited) RETURN count(w) AS n
"""
DEAD = """
UNWIND $ids AS id
OPTIONAL MATCH (t:Tombstone {id: id})
OPTIONAL MATCH (w:Awaited {id: id})
WITH id, t, w WHERE t IS NOT NULL OR w IS NOT NULL
RETURN id
"""
ENTITIES = "UNWIND $ids AS id MATCH (n:Entity {id: id}) RETURN collect([id]) AS rows"


def _create_entities(label: str) -> str:
    return f"""
UNWIND $rows AS row
CREATE (:Entity:`{label}` {{id: row[0], _v: row[1], type: row[2], name: row[4],
    confidence: row[5], key: row[6], aliases: row[7]}})
"""


_MOMENT = """CASE WHEN row[{0}] IS NOT NULL THEN
        datetime('1970-01-01T00:00:00Z') + duration({{microseconds: row[{0}]}}) END"""

# One match per first end, and one statement for all types.
CREATE_EDGES = f"""
UNWIND $starts AS start
MATCH (a:Entity {{id: start[0]}})
UNWIND start[1] AS row
MATCH (b:Entity {{id: row[3][1]}})
CREATE (a)-[:$(row[2]) {{id: row[0], _v: row[1], confidence: row[4],
    valid_from: {_MOMENT.format(5)}, valid_to: {_MOMENT.format(6)}}}]->(b)
RETURN count(*) AS made
"""

Waiting = Callable[[list[Id]], set[Id]]
"""Returns the ids with changes that the graph has not received yet."""
Run = Callable[[str, Mapping[str, object]], list["Record"]]


class NotAllCreated(Exception):
    """An end of a relationship is missing; nothing was written."""


def create(graph: GraphDatabase, stage: Stage, rows: Sequence[Row], waiting: Waiting) -> list[Id]:
    """Create entities or relationships from rows of `ExpectedRows`; return the ids left out.

    Args:
        graph: Neo4j; the types of the relationships must have their constraints.
        stage: the entities or the type of relationships that the rows are.
        rows: rows that the graph does not have.
        waiting: called under the lock, for relationships with a later version than 1.

    Raises:
        Unavailable: Neo4j cannot be reached; batches written before are kept.
    """
    from neo4j.exceptions import ConstraintError  # slow to load

    write = _entities if stage.aggregate == "entities" else _edges

    def written(part: Sequence[Row]) -> list[Id]:
        there: set[Id] = set()
        for _ in range(2):
            rest = [row for row in part if row[ID] not in there]
            try:
                graph.write(partial(write, rest), seconds=SECONDS)
                return list(there)
            except ConstraintError:
                there = _existing(graph, stage, part)
            except (NotAllCreated, GraphUnavailable):  # Unavailable also after deadlocks
                break
        return [str(row[ID]) for row in part]

    with (
        graph.open_transaction() as run,
        ThreadPoolExecutor(WRITERS, thread_name_prefix="bulk") as pool,
    ):
        run(cypher.LOCK, {})
        dead = _blocked(run, [str(row[ID]) for row in rows])
        if stage.aggregate == "relationships":
            changed = [str(row[ID]) for row in rows if row[VERSION] != 1]
            dead |= waiting(changed)
        left = sorted((row for row in rows if row[ID] not in dead), key=_first)
        size = -(-len(left) // WRITERS) or 1
        parts = [left[start : start + size] for start in range(0, len(left), size)]
        return [*dead, *(id_ for failed in pool.map(written, parts) for id_ in failed)]


def _blocked(run: Run, ids: list[Id]) -> set[Id]:
    if not any(row["n"] for row in run(ANY_DEAD, {})):
        return set()
    return {row["id"] for row in run(DEAD, {"ids": ids})}


def _existing(graph: GraphDatabase, stage: Stage, rows: Sequence[Row]) -> set[Id]:
    """Return the ids that exist under their expected type."""
    by_statement: dict[str, list[object]] = defaultdict(list)
    for row in rows:
        text = ENTITIES if stage.aggregate == "entities" else cypher.find(str(row[TYPE]))
        by_statement[text].append(row[ID])
    return {
        found[0]
        for text, ids in by_statement.items()
        for found in graph.read(text, {"ids": ids}, seconds=SECONDS)[0]["rows"]
    }


def _entities(rows: Sequence[Row], transaction: ManagedTransaction) -> None:
    for label, some in groupby(rows, key=_first):
        transaction.run(_create_entities(label), {"rows": list(some)}).consume()


def _edges(rows: Sequence[Row], transaction: ManagedTransaction) -> None:
    starts = [[start, list(some)] for start, some in groupby(rows, key=_first)]
    record = transaction.run(CREATE_EDGES, {"starts": starts}).single()
    if record is None or record["made"] != len(rows):
        raise NotAllCreated


def _first(row: Row) -> str:
    """Return an entity's label, or the start of a relationship."""
    names = row[LABELS]
    return str(names[0]) if isinstance(names, list) else ""
