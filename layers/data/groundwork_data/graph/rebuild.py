"""Rebuild the graph from Postgres through Bolt, while readers and the relay continue.

The graph is corrected in place, slice by slice: correct rows remain, missing rows are created in
bulk, and wrong or extra rows are repaired in one transaction each. So readers find every entity
either in its old or in its correct state, and never a half empty graph. On an empty graph
everything is created in bulk. An interrupted rebuild can resume.

If the graph has no relationships, nothing is compared: they are created in the order of their first
ends, all types together, which Neo4j stores fastest.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from groundwork_data.graph import bulk
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check, Remember, forget
from groundwork_data.graph.epoch import set_graph_position
from groundwork_data.graph.expected_rows import FIRST, ID, TYPE, ExpectedRows, Row, Stage
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.repair import BATCH, repair
from groundwork_data.graph.slices import ENTITIES, Place, SlicePair, read_ahead, read_slice_pairs
from groundwork_data.graph.verify import Progress, finish, no_progress

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.model import Id
    from groundwork_data.graph.drift import Report
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

BY_START = Stage("relationships")
"""Relationships of all types, by their first ends."""
SLICE = 20_000
"""Relationships per transaction if the graph has none; the relay waits about a second for each."""


def rebuild(
    database: Database,
    graph: GraphDatabase,
    progress: Progress = no_progress,
    *,
    begun: Check | None = None,
    remember: Remember = forget,
) -> Report:
    """Make the graph agree with Postgres; return the counts and the drift that was found.

    Args:
        database: Postgres.
        graph: Neo4j, migrated.
        progress: called with the progress.
        begun: the progress of an interrupted rebuild to resume.
        remember: called after every slice.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached; run it again.
    """
    before = time.monotonic()
    check = begun or Check()
    spent = check.report.seconds
    expected, actual = ExpectedRows(database), ActualRows(graph)
    counts = expected.counts()
    builder = _Builder(expected, graph)

    def done(stage: Stage, so_far: int) -> None:
        check.report.seconds = spent + time.monotonic() - before
        progress(stage.aggregate, so_far, max(counts[stage.aggregate], so_far))
        remember(check)

    filling = check.place.stage == BY_START or (
        check.place.stage == ENTITIES and not actual.counts()["relationships"]
    )
    for pair in read_slice_pairs(expected, actual, check.place):
        if filling and pair.stage != ENTITIES:
            break
        builder.build(pair)
        done(pair.stage, check.count(pair))
    if filling:
        begin = check.place.after if check.place.stage == BY_START else FIRST
        written = check.report.relationships
        for part in read_ahead(expected.by_start(SLICE, begin)):
            builder.create(BY_START, part.rows)
            written += len(part.rows)
            check.place = Place(BY_START, part.upto)
            check.report.relationships = written - part.ahead
            done(BY_START, check.report.relationships)
    # The drift that slices do not show, and suspects that were repaired at once.
    finish(check, database, graph)
    repair(database, graph, progress, found=check.report)
    set_graph_position(database, graph)
    check.report.seconds = spent + time.monotonic() - before
    return check.report


class _Builder:
    def __init__(self, expected: ExpectedRows, graph: GraphDatabase) -> None:
        self._expected = expected
        self._graph = graph
        self._projection = Neo4jProjection(graph)

    def build(self, pair: SlicePair) -> None:
        """Correct the rows of one slice of the graph that differ from Postgres."""
        suspects = pair.suspects()
        if not suspects:
            return
        there = {str(row[ID]) for row in pair.actual}
        wanted = {str(row[ID]): row for row in pair.expected.rows}
        missing = {id_ for id_ in suspects if id_ in wanted and id_ not in there}
        self._force(pair.stage, [id_ for id_ in suspects if id_ not in missing])
        self.create(pair.stage, [row for row in pair.expected.rows if row[ID] in missing])

    def create(self, stage: Stage, rows: list[Row]) -> None:
        """Create the rows that are missing, in bulk."""
        if not rows:
            return
        if stage.aggregate == "relationships":
            self._projection.constrain({str(row[TYPE]) for row in rows})
        self._force(stage, bulk.create(self._graph, stage, rows, self._expected.waiting))

    def _force(self, stage: Stage, ids: list[Id]) -> None:
        ask = partial(self._expected.changes, stage.aggregate)
        for start in range(0, len(ids), BATCH):
            self._projection.force(stage.aggregate, ids[start : start + BATCH], ask)
