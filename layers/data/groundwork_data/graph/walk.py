"""Both stores side by side, slice by slice, from any place on."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph.drift import alike
from groundwork_data.graph.standing import Standing
from groundwork_data.graph.truth import FIRST, ID, Row, Slice, Stage, Truth

SLICE = 10_000
ENTITIES = Stage("entities")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk has come: everything up to id `after` of a stage is behind it."""

    stage: Stage = ENTITIES
    after: Id = FIRST


@dataclass(frozen=True, slots=True)
class Seen:
    """One slice in both stores."""

    stage: Stage
    said: Slice
    shown: list[Row]

    @property
    def place(self) -> Place:
        """Where the next slice begins."""
        return Place(self.stage, self.said.upto)

    def suspects(self) -> list[Id]:
        """Return the ids whose rows differ, or that only one of the two has."""
        if alike(self.said.rows, self.shown):
            return []
        wanted = {str(row[ID]): row for row in self.said.rows}
        found: dict[Id, None] = {}
        for row in self.shown:
            id_ = str(row[ID])
            if id_ not in wanted or not alike(wanted.pop(id_), row):
                found[id_] = None
        return [*found, *wanted]


def stages(truth: Truth, standing: Standing) -> list[Stage]:
    """Return the parts of everything, in the order of walking: entities, then type by type."""
    types = sorted({*truth.types(), *standing.types()})
    return [ENTITIES, *(Stage("relationships", name) for name in types)]


def walk(
    truth: Truth, standing: Standing, begin: Place, size: int | None = None, at_once: int = 1
) -> Generator[Seen, None, None]:
    """Yield all slices from a place on. Postgres reads the next one while Neo4j reads this one.

    Neo4j reads `at_once` of them side by side; of each, Postgres has always been read before.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="standing") as pool:
        coming: deque[tuple[Stage, Slice, Future[list[Row]]]] = deque()
        for stage, said in _slices(truth, standing, begin, size or SLICE):
            shown = pool.submit(standing.between, stage, said.after, said.upto)
            coming.append((stage, said, shown))
            if len(coming) == at_once:
                yield _seen(*coming.popleft())
        while coming:
            yield _seen(*coming.popleft())


def _seen(stage: Stage, said: Slice, shown: Future[list[Row]]) -> Seen:
    return Seen(stage, said, shown.result())


def _slices(
    truth: Truth, standing: Standing, begin: Place, size: int
) -> Iterator[tuple[Stage, Slice]]:
    for stage in stages(truth, standing):
        if _order(stage) < _order(begin.stage):
            continue
        after = begin.after if stage == begin.stage else FIRST
        for said in read_ahead(truth.slices(stage, size, after)):
            yield stage, said


def read_ahead(slices: Iterator[Slice]) -> Iterator[Slice]:
    """Yield slices; each is read while whoever takes them is busy with the one before."""
    with ThreadPoolExecutor(1, thread_name_prefix="slices") as ahead:
        coming = ahead.submit(next, slices, None)
        while (said := coming.result()) is not None:
            coming = ahead.submit(next, slices, None)
            yield said


def _order(stage: Stage) -> tuple[str, str]:
    return stage.aggregate, stage.type  # "entities" comes before "relationships"
