"""Compare the graph with Postgres in parts; each part resumes where the last one ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.rounds import ComparedPart, Drift, Place
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check
from groundwork_data.graph.drift import Report
from groundwork_data.graph.expected_rows import ExpectedRows
from groundwork_data.graph.slices import read_slice_pairs
from groundwork_data.graph.verify import add_slice, finish, settle

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database


class SliceComparison:
    """Implements `Comparison`.

    Each part checks its own suspects to the end, so that no list of them grows from run to run. So
    one part may count an entity as missing and another part may count it as buried.
    """

    def __init__(self, database: Database, graph: GraphDatabase) -> None:
        self._database = database
        self._graph = graph

    def go_on(self, place: Place | None, may_go_on: Callable[[], bool]) -> ComparedPart:
        """Compare from a place on, at least one slice. Raises Unavailable."""
        check = _resumed_check(place)
        last = self._compare(check, may_go_on)
        (finish if last else settle)(check, self._database, self._graph)
        return ComparedPart(check.as_json(), drift_of(check.report), last)

    def _compare(self, check: Check, may_go_on: Callable[[], bool]) -> bool:
        """Compare slices; return whether none is left."""
        slices = read_slice_pairs(
            ExpectedRows(self._database), ActualRows(self._graph), check.place
        )
        with closing(slices):
            for pair in slices:
                add_slice(check, pair)
                if not may_go_on():
                    return False
        return True


def drift_of(report: Report) -> Drift:
    """Return the number of drifts of every kind, including zeros."""
    kinds = {str(kind): count for kind, count in report.by_kind().items()}
    return {**kinds, "restored": int(report.restored)}


def no_drift() -> Drift:
    """Return zero for every kind: the drift after a complete repair."""
    return drift_of(Report())


def _resumed_check(place: Place | None) -> Check:
    if place is None:
        return Check()
    try:
        return Check.from_json(place)
    except (KeyError, TypeError):  # stored by another version
        return Check()
