"""Compare the graph with Postgres.

`verify` runs on a live system without false alarms. A row that differs in a slice is only a
suspect. It is drift if two conditions hold: none of its changes waits in the outbox, and Postgres
had the same row before and after the graph was read. Then the graph must have received this state,
and does not have it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check, Remember, forget
from groundwork_data.graph.drift import Drift, Report, alike, kind_of
from groundwork_data.graph.epoch import graph_has_unknown_changes
from groundwork_data.graph.expected_rows import Aggregate, ExpectedRows
from groundwork_data.graph.slices import SlicePair, read_slice_pairs

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

SIDE_BY_SIDE = 2
"""Slices that Neo4j reads concurrently: one is transferred while the other is read."""
CHECKS_MAX = 20
PAUSE_SECONDS = 0.25
AT_ONCE = 2_000
TOMBSTONES_AT_ONCE = 10_000

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many rows are done, and of how many."""


def no_progress(_what: str, _done: int, _all: int) -> None:
    """Report no progress."""


def verify(
    database: Database,
    graph: GraphDatabase,
    progress: Progress = no_progress,
    *,
    begun: Check | None = None,
    remember: Remember = forget,
) -> Report:
    """Compare every entity and relationship.

    Args:
        database: Postgres.
        graph: Neo4j.
        progress: called with the progress.
        begun: the progress of an interrupted check to resume.
        remember: called after every slice.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached.
    """
    before = time.monotonic()
    expected, actual = ExpectedRows(database), ActualRows(graph)
    check = begun or Check()
    spent = check.report.seconds
    counts = expected.counts()
    check.report.counts = {"postgres": counts, "graph": actual.counts()}
    for pair in read_slice_pairs(expected, actual, check.place, at_once=SIDE_BY_SIDE):
        done = add_slice(check, pair)
        progress(pair.stage.aggregate, done, max(counts[pair.stage.aggregate], done))
        check.report.seconds = spent + time.monotonic() - before
        remember(check)
    finish(check, database, graph)
    check.report.seconds = spent + time.monotonic() - before
    return check.report


def add_slice(check: Check, pair: SlicePair) -> int:
    """Add a slice to a check; return the number of rows compared so far of its aggregate."""
    check.suspects[pair.stage.aggregate] += pair.suspects()
    return check.count(pair)


def finish(check: Check, database: Database, graph: GraphDatabase) -> None:
    """Decide which suspects are drift, and check what slices do not show."""
    settle(check, database, graph)
    expected, actual = ExpectedRows(database), ActualRows(graph)
    _find_buried(check.report, expected, actual)
    check.report.nameless = actual.nameless()
    check.report.restored = graph_has_unknown_changes(database, graph)


def settle(check: Check, database: Database, graph: GraphDatabase) -> None:
    """Decide which suspects are drift, and which are only late."""
    expected, actual = ExpectedRows(database), ActualRows(graph)
    for aggregate, suspects in check.suspects.items():
        _settle(check.report, expected, actual, aggregate, list(dict.fromkeys(suspects)))
        suspects.clear()


def _settle(
    report: Report,
    expected: ExpectedRows,
    actual: ActualRows,
    aggregate: Aggregate,
    suspects: list[Id],
) -> None:
    """Check suspects again until each is equal, or is certainly drift."""
    for attempt in range(CHECKS_MAX):
        if not suspects:
            return
        if attempt:
            time.sleep(PAUSE_SECONDS)
        undecided: list[Id] = []
        for start in range(0, len(suspects), AT_ONCE):
            batch = suspects[start : start + AT_ONCE]
            undecided += _check_again(report, expected, actual, aggregate, batch)
        suspects = undecided
    report.waiting += len(suspects)


def _check_again(
    report: Report,
    expected: ExpectedRows,
    actual: ActualRows,
    aggregate: Aggregate,
    ids: Sequence[Id],
) -> list[Id]:
    # In this order: if nothing waits after `before` was read, the graph has received `before`.
    before = expected.among(aggregate, ids)
    waiting = expected.waiting(ids)
    found = actual.among(aggregate, ids)
    after = expected.among(aggregate, ids)
    undecided: list[Id] = []
    for id_ in ids:
        row = before.get(id_)
        kind = kind_of(aggregate, row, found.get(id_, []))
        if kind is None:
            continue
        now = after.get(id_)
        moved = (row is None) != (now is None) or (row and now and not alike(row, now))
        if id_ in waiting or moved:
            undecided.append(id_)
        else:
            report.drift.append(Drift(aggregate, id_, kind))
    return undecided


def _find_buried(report: Report, expected: ExpectedRows, actual: ActualRows) -> None:
    """Find rows of Postgres whose current or next change a tombstone blocks."""
    known = {one.id for one in report.drift}
    after = ""
    while True:
        dead = actual.tombstones(after, TOMBSTONES_AT_ONCE)
        versions = dict(dead)
        alive = expected.versions([*versions])
        buried = [one for one in alive if one[1] <= versions[one[0]] and one[0] not in known]
        # Rows deleted between the reads of the tombstones and of Postgres are not in `alive`.
        late = expected.waiting([one[0] for one in buried])
        report.drift += [Drift(one[2], one[0], "buried") for one in buried if one[0] not in late]
        if len(dead) < TOMBSTONES_AT_ONCE:
            return
        after = dead[-1][0]
