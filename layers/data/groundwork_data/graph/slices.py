"""Read Postgres and the graph side by side in slices, starting anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.drift import alike
from groundwork_data.graph.expected_rows import FIRST, ID, ExpectedRows, Row, Slice, Stage

SLICE = 10_000
ENTITIES = Stage("entities")


@dataclass(frozen=True, slots=True)
class Place:
    """Progress of a comparison: up to id `after` of a stage."""

    stage: Stage = ENTITIES
    after: Id = FIRST


@dataclass(frozen=True, slots=True)
class SlicePair:
    """One slice of both stores."""

    stage: Stage
    expected: Slice
    actual: list[Row]

    @property
    def place(self) -> Place:
        """The place where the next slice begins."""
        return Place(self.stage, self.expected.upto)

    def suspects(self) -> list[Id]:
        """Return the ids whose rows differ, or that only one store has."""
        if alike(self.expected.rows, self.actual):
            return []
        wanted = {str(row[ID]): row for row in self.expected.rows}
        found: dict[Id, None] = {}
        for row in self.actual:
            id_ = str(row[ID])
            if id_ not in wanted or not alike(wanted.pop(id_), row):
                found[id_] = None
        return [*found, *wanted]


def stages(expected: ExpectedRows, actual: ActualRows) -> list[Stage]:
    """Return all stages in order: entities, then the relationships type by type."""
    types = sorted({*expected.types(), *actual.types()})
    return [ENTITIES, *(Stage("relationships", name) for name in types)]


def read_slice_pairs(
    expected: ExpectedRows,
    actual: ActualRows,
    begin: Place,
    size: int | None = None,
    at_once: int = 1,
) -> Generator[SlicePair, None, None]:
    """Yield all slices from a place on.

    While Neo4j reads a slice, Postgres reads the next one. Neo4j reads `at_once` slices
    concurrently.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="graph-rows") as pool:
        coming: deque[tuple[Stage, Slice, Future[list[Row]]]] = deque()
        for stage, wanted in _slices(expected, actual, begin, size or SLICE):
            found = pool.submit(actual.between, stage, wanted.after, wanted.upto)
            coming.append((stage, wanted, found))
            if len(coming) == at_once:
                yield _pair(*coming.popleft())
        while coming:
            yield _pair(*coming.popleft())


def _pair(stage: Stage, wanted: Slice, found: Future[list[Row]]) -> SlicePair:
    return SlicePair(stage, wanted, found.result())


def _slices(
    expected: ExpectedRows, actual: ActualRows, begin: Place, size: int
) -> Iterator[tuple[Stage, Slice]]:
    for stage in stages(expected, actual):
        if _order(stage) < _order(begin.stage):
            continue
        after = begin.after if stage == begin.stage else FIRST
        for wanted in read_ahead(expected.slices(stage, size, after)):
            yield stage, wanted


def read_ahead(slices: Iterator[Slice]) -> Iterator[Slice]:
    """Yield slices; the next one is read while the caller works on the current one."""
    with ThreadPoolExecutor(1, thread_name_prefix="slices") as ahead:
        coming = ahead.submit(next, slices, None)
        while (wanted := coming.result()) is not None:
            coming = ahead.submit(next, slices, None)
            yield wanted


def _order(stage: Stage) -> tuple[str, str]:
    return stage.aggregate, stage.type  # "entities" comes before "relationships"
