"""The destination `graph`: applies outbox rows to the graph."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork_core.knowledge.graph.changes import collapse
from groundwork_core.knowledge.graph.ports import AppliedChanges, GraphProjection
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destination_names import GRAPH
from groundwork_core.relay.ports import OutboxBatch, RelayWork


def project(rows: Sequence[OutboxRow], graph: GraphProjection) -> AppliedChanges:
    """Apply a batch of outbox rows to the graph. Idempotent, in any order.

    Raises:
        Unavailable: the graph cannot be reached; retry the same rows later.
    """
    changes = collapse(rows)
    if not changes:
        return AppliedChanges(0, 0, 0)
    return graph.apply(changes)


class GraphDestination:
    """The graph as a destination of the relay."""

    name = GRAPH
    aggregates = frozenset({"entities", "relationships"})
    batches_ahead = 3
    gather_seconds = 0.1  # a transaction of Neo4j costs as much as fifty rows

    def __init__(self, graph: GraphProjection) -> None:
        """`graph` is the projection to update."""
        self._graph = graph

    def deliver(self, taken: OutboxBatch, work: RelayWork) -> None:  # noqa: ARG002 - the port's shape
        """Apply a batch. Raises Unavailable when the graph cannot be reached."""
        project(taken.rows, self._graph)
