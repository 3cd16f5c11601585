"""Complete a store that Neo4j's bulk import has filled.

Creates constraints and indexes, corrects texts that CSV could not hold, stores the position in the
outbox, and compares the counts, so that an incomplete store is never used.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork_data.graph import migrations
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.expected_rows import ExpectedRows
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.repair import BATCH

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.graph.export import Exported
    from groundwork_data.graph.verify import Progress
    from groundwork_data.postgres.database import Database

AT_ONCE = 2
AWAIT_INDEXES = "CALL db.awaitIndexes(3600)"
COUNT_TOMBSTONES = "MATCH (t:Tombstone) RETURN count(t) AS n"


class IncompleteStore(Exception):
    """The store does not contain everything that was exported."""


def complete(
    exported: Exported,
    database: Database,
    graph: GraphDatabase,
    folder: Path,
    progress: Progress,
) -> None:
    """Complete a store that was just filled by the bulk import.

    Args:
        exported: the export that was imported.
        database: Postgres, for the texts to correct.
        graph: the new store, which has no other users.
        folder: the graph's migrations.
        progress: called with the progress.

    Raises:
        IncompleteStore: something is missing; this store must not be used.
        Unavailable: Postgres or Neo4j cannot be reached.
    """
    _check_counts(exported, graph)
    _create_constraints(exported, graph, folder, progress)
    force = partial(Neo4jProjection(graph).force, "entities")
    ask = partial(ExpectedRows(database).changes, "entities")
    for start in range(0, len(exported.rough), BATCH):
        force(list(exported.rough[start : start + BATCH]), ask)
    place = {"xid": exported.horizon - 1, "row": 0}
    graph.write(lambda tx: (tx.run(cypher.LOCK).consume(), tx.run(cypher.ADVANCE, place).consume()))


def _check_counts(exported: Exported, graph: GraphDatabase) -> None:
    found = ActualRows(graph).counts()
    tombstones = graph.run(COUNT_TOMBSTONES)[0]["n"]
    shown = (found["entities"], found["relationships"], tombstones)
    wanted = (exported.entities, exported.relationships, exported.tombstones)
    if shown != wanted:
        message = f"the export has {_in_words(wanted)}, but the imported store has "
        raise IncompleteStore(message + _in_words(shown))


def _in_words(counts: tuple[int, int, int]) -> str:
    return "{:,} entities, {:,} relationships and {:,} tombstones".format(*counts)


def _create_constraints(
    exported: Exported, graph: GraphDatabase, folder: Path, progress: Progress
) -> None:
    """Create all constraints; each reads its part of the store once."""
    of = len(exported.types) + 1
    progress("constraints", 0, of)
    migrations.migrate(graph, folder)  # before the others, because it waits for all indexes
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="constraints") as pool:
        statements = [cypher.constrain(name) for name in exported.types]
        for done, _ in enumerate(pool.map(graph.ensure, statements), start=1):
            progress("constraints", done, of)
    graph.run(AWAIT_INDEXES)
    progress("constraints", of, of)
