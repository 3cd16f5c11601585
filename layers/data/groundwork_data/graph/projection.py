"""Apply changes to Neo4j: one transaction per batch, one constraint per new type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.changes import Changes
from groundwork_core.knowledge.graph.model import GraphRelationship, Id
from groundwork_core.knowledge.graph.ports import AppliedChanges
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.batch import Batch
from groundwork_data.graph.types import relationship_type

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase


class Neo4jProjection:
    """Implements `GraphProjection`."""

    def __init__(self, graph: GraphDatabase) -> None:
        self._graph = graph
        self._types: set[str] | None = None

    def apply(self, changes: Changes) -> AppliedChanges:
        """Apply changes in one transaction. Raises Unavailable; then nothing was applied."""
        if not changes:
            return AppliedChanges(0, 0, 0)
        try:
            self.constrain(
                c.type for c in changes.relationships.values() if isinstance(c, GraphRelationship)
            )
            types = frozenset(self._types or ())
            return self._graph.write(lambda tx: Batch(tx, types).apply(changes))
        except Exception:
            self._types = (
                None  # the graph may have been replaced meanwhile: read its constraints again
            )
            raise

    def position(self) -> tuple[int, int]:
        """Return the (xid, id) of the newest outbox row that was applied."""
        rows = self._graph.read(cypher.POSITION, {})
        return (rows[0]["xid"], rows[0]["row"]) if rows else (0, 0)

    def force(
        self, aggregate: str, ids: list[Id], read_current: Callable[[list[Id]], Changes]
    ) -> None:
        """Replace entities or relationships by the rows of Postgres, whatever the graph has.

        `read_current` is called under the lock. The relay waits for this lock, so it applies later
        changes afterwards, and no older version replaces a newer one.
        """
        self.constrain(
            c.type
            for c in read_current(ids).relationships.values()
            if isinstance(c, GraphRelationship)
        )
        types = frozenset(self._types or ())
        self._graph.write(lambda tx: Batch(tx, types).force(aggregate, ids, read_current))

    def constrain(self, names: Iterable[str]) -> None:
        """Create the constraint on ids of each new type, before its first relationship."""
        if self._types is None:
            self._types = {row["type"] for row in self._graph.run(cypher.TYPES)}
        for name in sorted({relationship_type(name) for name in names} - self._types):
            self._graph.ensure(cypher.constrain(name))
            self._types.add(name)
