"""Apply one batch of changes to the graph in one transaction, under a lock.

Only newer versions are applied; deletions leave tombstones. Most changes update an existing node or
relationship in place, with one statement that compares versions. For the others the current state
is read first, and the statement is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.changes import Changes
from groundwork_core.knowledge.graph.model import Id
from groundwork_core.knowledge.graph.ports import AppliedChanges
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.batch_entities import delete_entities, write_entities
from groundwork_data.graph.batch_relationships import write_relationships
from groundwork_data.graph.statements import Statements

if TYPE_CHECKING:
    from neo4j import ManagedTransaction


class Batch:
    """One transaction: read the current state, choose statements, write."""

    def __init__(self, transaction: ManagedTransaction, types: frozenset[str]) -> None:
        """`types`: every relationship type that has a constraint on ids."""
        self._run = Statements(transaction)
        self._types = types

    def apply(self, changes: Changes) -> AppliedChanges:
        """Apply the changes that are newer than the graph's state; count the applied changes."""
        position = self._run.ask(cypher.LOCK, {})
        entities = write_entities(self._run, changes.entities)
        edges = write_relationships(self._run, changes.relationships, self._types)
        entities += delete_entities(self._run, changes.entities)
        if changes.upto > tuple(position):
            self._run.send(cypher.ADVANCE, {"xid": changes.upto[0], "row": changes.upto[1]})
        given = len(changes.entities) + len(changes.relationships)
        return AppliedChanges(entities, edges, given - entities - edges)

    def force(
        self, aggregate: str, ids: list[Id], read_current: Callable[[list[Id]], Changes]
    ) -> None:
        """Replace entities or relationships by the rows of Postgres (`Neo4jProjection.force`)."""
        self._run.ask(cypher.LOCK, {})  # waits for the lock, so that Postgres is read under it
        changes = read_current(ids)
        if aggregate == "entities":
            gone = [id_ for id_ in ids if id_ not in changes.entities]
            self._run.send(cypher.DELETE_ENTITIES, {"ids": gone})
            self._run.send(cypher.RESET_ENTITIES, {"ids": ids})
            self._run.send(cypher.DELETE_TOMBSTONES, {"ids": ids})
            write_entities(self._run, changes.entities)
            return
        self._run.send(cypher.DELETE_TOMBSTONES, {"ids": ids})
        for name in sorted({*self._types, *self._run.ask(cypher.ALL_TYPES, {})}):
            self._run.send(cypher.delete_any(name), {"ids": ids})
        write_relationships(self._run, changes.relationships, self._types)
