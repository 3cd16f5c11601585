"""Fill the graph from Postgres, through Bolt, while readers and the relay go on.

The new graph grows through the old one. Slice by slice, what is right stays, what is missing is
created in bulk, and what is wrong or too much is made right in one transaction each. So a reader
finds every entity either as it was or as it must be, never a graph that is half empty; on an empty
graph everything is missing, and everything is bulk. Interrupted, it goes on where it was.

Where no relationship stands, there is nothing to compare: they come by their first ends, all types
together, which Neo4j stores fastest.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from groundwork_data.graph import bulk
from groundwork_data.graph.check import Check, Remember, forget
from groundwork_data.graph.epoch import agree_on_position
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.repair import BATCH, repair
from groundwork_data.graph.standing import Standing
from groundwork_data.graph.truth import FIRST, ID, TYPE, Row, Stage, Truth
from groundwork_data.graph.verify import Progress, finish, silent
from groundwork_data.graph.walk import ENTITIES, Place, Seen, read_ahead, walk

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.model import Id
    from groundwork_data.graph.drift import Report
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

BY_START = Stage("relationships")
"""Those of all types, by their first ends."""
SLICE = 20_000
"""Relationships at a time where none stand; the relay waits for as long, about a second."""


def rebuild(
    database: Database,
    graph: GraphDatabase,
    progress: Progress = silent,
    *,
    begun: Check | None = None,
    remember: Remember = forget,
) -> Report:
    """Make the graph what Postgres says; return how much there is, with what was wrong before.

    Args:
        database: Postgres.
        graph: Neo4j, migrated.
        progress: told how far it is.
        begun: a rebuild that was interrupted, to go on with.
        remember: told after every slice.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached; run it again.
    """
    before = time.monotonic()
    check = begun or Check()
    spent = check.report.seconds
    truth, standing = Truth(database), Standing(graph)
    counts = truth.counts()
    builder = _Builder(truth, graph)

    def done(stage: Stage, so_far: int) -> None:
        check.report.seconds = spent + time.monotonic() - before
        progress(stage.aggregate, so_far, max(counts[stage.aggregate], so_far))
        remember(check)

    filling = check.place.stage == BY_START or (
        check.place.stage == ENTITIES and not standing.counts()["relationships"]
    )
    for seen in walk(truth, standing, check.place):
        if filling and seen.stage != ENTITIES:
            break
        builder.build(seen)
        done(seen.stage, check.count(seen))
    if filling:
        begin = check.place.after if check.place.stage == BY_START else FIRST
        written = check.report.relationships
        for said in read_ahead(truth.by_start(SLICE, begin)):
            builder.create(BY_START, said.rows)
            written += len(said.rows)
            check.place = Place(BY_START, said.upto)
            check.report.relationships = written - said.ahead
            done(BY_START, check.report.relationships)
    # What no slice shows, and what was healed too early to know.
    finish(check, database, graph)
    repair(database, graph, progress, found=check.report)
    agree_on_position(database, graph)
    check.report.seconds = spent + time.monotonic() - before
    return check.report


class _Builder:
    def __init__(self, truth: Truth, graph: GraphDatabase) -> None:
        self._truth = truth
        self._graph = graph
        self._projection = Neo4jProjection(graph)

    def build(self, seen: Seen) -> None:
        """Make one slice right."""
        suspects = seen.suspects()
        if not suspects:
            return
        there = {str(row[ID]) for row in seen.shown}
        said = {str(row[ID]): row for row in seen.said.rows}
        missing = {id_ for id_ in suspects if id_ in said and id_ not in there}
        self._force(seen.stage, [id_ for id_ in suspects if id_ not in missing])
        self.create(seen.stage, [row for row in seen.said.rows if row[ID] in missing])

    def create(self, stage: Stage, rows: list[Row]) -> None:
        """Add what is not there."""
        if not rows:
            return
        if stage.aggregate == "relationships":
            self._projection.constrain({str(row[TYPE]) for row in rows})
        self._force(stage, bulk.create(self._graph, stage, rows, self._truth.waiting))

    def _force(self, stage: Stage, ids: list[Id]) -> None:
        ask = partial(self._truth.changes, stage.aggregate)
        for start in range(0, len(ids), BATCH):
            self._projection.force(stage.aggregate, ids[start : start + BATCH], ask)
