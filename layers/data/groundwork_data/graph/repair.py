"""Repair drift in the graph: create missing rows, correct wrong ones, delete extra ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.drift import Report
from groundwork_data.graph.epoch import set_graph_position
from groundwork_data.graph.expected_rows import Aggregate, ExpectedRows
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.verify import Progress, no_progress, verify

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

BATCH = 500
AGGREGATES: tuple[Aggregate, ...] = ("entities", "relationships")
"""Entities first, because a relationship needs its ends."""


def repair(
    database: Database,
    graph: GraphDatabase,
    progress: Progress = no_progress,
    *,
    found: Report | None = None,
) -> Report:
    """Repair the drift that was `found`, or that a comparison finds now; return its report.

    It may run beside the relay, and repeatedly: each batch reads Postgres under the graph's lock,
    so that later changes are applied afterwards.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached; run it again.
    """
    report = found or verify(database, graph, progress)
    expected, actual = ExpectedRows(database), ActualRows(graph)
    projection = Neo4jProjection(graph)
    # Relationships of a foreign node were deleted with it although they were correct: restore them.
    lost = actual.remove_nameless() if report.nameless else []
    if report.restored:
        set_graph_position(database, graph)
    done = 0
    for aggregate in AGGREGATES:
        ids = [drift.id for drift in report.drift if drift.aggregate == aggregate]
        if aggregate == "relationships":
            ids += sorted({*lost} - {*ids})
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            projection.force(aggregate, batch, partial(expected.changes, aggregate))
            done += len(batch)
            progress("repaired", done, max(done, len(report.drift)))
    return report
