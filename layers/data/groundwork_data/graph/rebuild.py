"""Fill the graph from Postgres, through Bolt, while readers and the relay go on.

The new graph grows through the old one. Slice by slice, what is right stays, what is missing is
created in bulk, and what is wrong or too much is made right in one transaction each. So a reader
finds every entity either as it was or as it must be, never a graph that is half empty; on an empty
graph everything is missing, and everything is bulk. Interrupted, it goes on where it was.
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
from groundwork_data.graph.truth import ID, Truth
from groundwork_data.graph.verify import Progress, finish, silent
from groundwork_data.graph.walk import Seen, walk

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.model import Id
    from groundwork_data.graph.drift import Report
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database


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
    for seen in walk(truth, standing, check.place):
        builder.build(seen)
        aggregate = seen.stage.aggregate
        done = check.count(seen)
        check.report.seconds = spent + time.monotonic() - before
        progress(aggregate, done, max(counts[aggregate], done))
        remember(check)
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
        missing = [id_ for id_ in suspects if id_ in said and id_ not in there]
        wrong = [id_ for id_ in suspects if id_ not in said or id_ in there]
        self._force(seen, wrong)
        if missing:
            self._create(seen, missing)

    def _create(self, seen: Seen, missing: list[Id]) -> None:
        from neo4j.exceptions import ConstraintError  # noqa: PLC0415 - loaded by now

        wanted = set(missing)
        rows = [row for row in seen.said.rows if row[ID] in wanted]
        if seen.stage.type:
            self._projection.constrain([seen.stage.type])
        try:
            left_out = bulk.create(self._graph, seen.stage, rows)
        except (ConstraintError, bulk.NotAllCreated):
            left_out = missing
        self._force(seen, left_out)

    def _force(self, seen: Seen, ids: list[Id]) -> None:
        ask = partial(self._truth.changes, seen.stage.aggregate)
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            self._projection.force(seen.stage.aggregate, batch, ask)
