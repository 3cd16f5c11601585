"""The plain loop: reads the same outbox, and merges by id with the bare driver, batch by batch.

It looks at no version, keeps no tombstones, gives entities no second label and expects that ends
are there before their relationships: what a well-written script does, and no more.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import neo4j
import psycopg

BATCH = 5_000
ROWS = """
SELECT id, aggregate, aggregate_id::text, data FROM outbox
WHERE id > %s AND id <= %s AND aggregate IN ('entities', 'relationships') ORDER BY id LIMIT %s
"""
ENTITIES = "UNWIND $rows AS row MERGE (n:Entity {id: row.id}) SET n += row.properties"
RELATIONSHIPS = """
UNWIND $rows AS row
MATCH (a:Entity {{id: row.from_id}})
MATCH (b:Entity {{id: row.to_id}})
MERGE (a)-[r:`{}` {{id: row.id}}]->(b)
SET r.confidence = row.confidence, r.valid_from = datetime(row.valid_from),
    r.valid_to = datetime(row.valid_to)
"""
NODE = ("name", "type", "confidence", "key", "aliases")
EDGE = ("from_id", "to_id", "confidence", "valid_from", "valid_to")


@dataclass(frozen=True)
class Carried:
    """The measured result."""

    rows: int
    seconds: float


def carry(url: str, driver: neo4j.Driver, first: int, last: int) -> Carried:
    """Carry the outbox rows behind `first` up to `last`."""
    began, done = time.perf_counter(), 0
    with psycopg.connect(url, autocommit=True) as database, driver.session() as session:
        while rows := database.execute(ROWS, (first, last, BATCH)).fetchall():
            session.execute_write(_merge, rows)
            done += len(rows)
            first = rows[-1][0]
    return Carried(done, time.perf_counter() - began)


def _merge(transaction: neo4j.ManagedTransaction, rows: list[tuple[Any, ...]]) -> None:
    entities: list[dict[str, object]] = []
    edges: dict[str, list[dict[str, object]]] = defaultdict(list)
    for _, aggregate, id_, data in rows:
        if aggregate == "entities":
            entities.append({"id": id_, "properties": {name: data[name] for name in NODE}})
        else:
            edges[data["type"]].append({"id": id_, **{name: data[name] for name in EDGE}})
    if entities:
        transaction.run(ENTITIES, rows=entities).consume()
    for name, some in edges.items():
        transaction.run(RELATIONSHIPS.format(name), rows=some).consume()
