"""Does the graph say what Postgres says? Found, healed, or built anew.

`verify` runs on a live system without false alarms. What differs in a slice is only a suspect: it
is drift when no change of it waits in the outbox, and Postgres said the same before and after the
graph was read. Then the graph had been given this very state, and does not show it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from groundwork_core.knowledge.graph.changes import Changes
from groundwork_core.knowledge.graph.model import Entity, Id, Relationship
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.standing import Standing
from groundwork_data.graph.truth import Truth

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

SLICE = 10_000
REPAIR_BATCH = 500
LOOKS = 20
PAUSE_SECONDS = 0.25

Aggregate = Literal["entities", "relationships"]
Progress = Callable[[str, int, int], None]
"""Told (what is being done, how many are done, of how many)."""

Item = Entity | Relationship


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that the graph does not show as Postgres has it."""

    aggregate: Aggregate
    id: Id
    kind: Literal["missing", "extra", "different"]


@dataclass(slots=True)
class Report:
    """What a comparison found."""

    entities: int = 0
    relationships: int = 0
    drift: list[Drift] = field(default_factory=list)
    nameless: int = 0
    """Nodes and relationships without an id, or of no kind that we write."""
    waiting: int = 0
    """What differs but whose changes the relay has not carried yet: it is late, not drift."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Say whether the graph is what Postgres says."""
        return not self.drift and not self.nameless


def _silent(_what: str, _done: int, _all: int) -> None:
    pass


def verify(database: Database, graph: GraphDatabase, progress: Progress = _silent) -> Report:
    """Compare every entity and relationship.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached.
    """
    return _Comparison(Truth(database), Standing(graph), progress).run()


def repair(database: Database, graph: GraphDatabase, progress: Progress = _silent) -> Report:
    """Compare, and make the graph what Postgres says, deletions included; return what was found.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached; run it again.
    """
    report = verify(database, graph, progress)
    truth, standing = Truth(database), Standing(graph)
    projection = Neo4jProjection(graph)
    if report.nameless:
        standing.remove_nameless()
    done = 0
    # Entities first: a relationship needs its ends.
    for aggregate in ("entities", "relationships"):
        ids = [drift.id for drift in report.drift if drift.aggregate == aggregate]
        for start in range(0, len(ids), REPAIR_BATCH):
            batch = ids[start : start + REPAIR_BATCH]
            projection.force(aggregate, batch, partial(_changes, truth, aggregate))
            done += len(batch)
            progress("repaired", done, len(report.drift))
    return report


def rebuild(database: Database, graph: GraphDatabase, progress: Progress = _silent) -> Report:
    """Empty the graph and fill it from Postgres, while the relay goes on; return what was built.

    Questions see the graph grow meanwhile. Interrupted, it can simply be run again.

    Raises:
        Unavailable: Postgres or Neo4j cannot be reached; run it again.
    """
    before = time.monotonic()
    truth, standing = Truth(database), Standing(graph)
    projection = Neo4jProjection(graph)
    entities, relationships = truth.counts()
    report = Report()
    standing.empty()
    for _, _, found in truth.entity_slices(SLICE):
        projection.apply(Changes(entities=found))
        report.entities += len(found)
        progress("entities", report.entities, entities)
    for name in truth.types():
        for _, _, edges in truth.relationship_slices(name, SLICE):
            projection.apply(Changes(relationships=edges))
            report.relationships += len(edges)
            progress("relationships", report.relationships, relationships)
    report.seconds = time.monotonic() - before
    return report


def _changes(truth: Truth, aggregate: str, ids: list[Id]) -> Changes:
    if aggregate == "entities":
        return Changes(entities=truth.entities(ids))
    return Changes(relationships=truth.relationships(ids))


class _Comparison:
    def __init__(self, truth: Truth, standing: Standing, progress: Progress) -> None:
        self._truth = truth
        self._standing = standing
        self._progress = progress
        self._report = Report()

    def run(self) -> Report:
        before = time.monotonic()
        entities, relationships = self._truth.counts()
        report = self._report
        suspects = self._suspects(self._entity_slices(entities))
        self._settle("entities", suspects)
        suspects = self._suspects(self._relationship_slices(relationships))
        self._settle("relationships", suspects)
        report.nameless = self._standing.nameless()
        report.seconds = time.monotonic() - before
        return report

    def _entity_slices(self, of: int) -> Iterator[tuple[dict[Id, Entity], dict[Id, Item | None]]]:
        for after, upto, said in self._truth.entity_slices(SLICE):
            yield said, self._standing.entities_between(after, upto)
            self._report.entities += len(said)
            self._progress("entities", self._report.entities, of)

    def _relationship_slices(
        self, of: int
    ) -> Iterator[tuple[dict[Id, Relationship], dict[Id, Item | None]]]:
        for name in sorted({*self._truth.types(), *self._standing.types()}):
            for after, upto, said in self._truth.relationship_slices(name, SLICE):
                yield said, self._standing.relationships_between(name, after, upto)
                self._report.relationships += len(said)
                self._progress("relationships", self._report.relationships, of)

    def _suspects(
        self,
        slices: Iterator[tuple[dict[Id, Entity], dict[Id, Item | None]]]
        | Iterator[tuple[dict[Id, Relationship], dict[Id, Item | None]]],
    ) -> list[Id]:
        suspects: list[Id] = []
        for said, shown in slices:
            if said != shown:
                suspects += [i for i in {*said, *shown} if said.get(i) != shown.get(i)]
                suspects += [i for i in shown if i not in said]
        return list(dict.fromkeys(suspects))

    def _settle(self, aggregate: Aggregate, suspects: list[Id]) -> None:
        """Look at suspects again until each is found equal, or is drift for certain."""
        for look in range(LOOKS):
            if not suspects:
                return
            if look:
                time.sleep(PAUSE_SECONDS)
            undecided: list[Id] = []
            for start in range(0, len(suspects), SLICE):
                undecided += self._look(aggregate, suspects[start : start + SLICE])
            suspects = undecided
        self._report.waiting += len(suspects)

    def _look(self, aggregate: Aggregate, ids: list[Id]) -> list[Id]:
        # In this order: what Postgres said before nothing waited, the graph must have been given.
        before = self._said(aggregate, ids)
        waiting = self._truth.waiting(ids)
        shown = (
            self._standing.entities(ids)
            if aggregate == "entities"
            else self._standing.relationships(ids)
        )
        after = self._said(aggregate, ids)
        undecided: list[Id] = []
        for id_ in ids:
            said = before.get(id_)
            if shown.get(id_, []) == ([] if said is None else [said]):
                continue
            if id_ in waiting or said != after.get(id_):
                undecided.append(id_)
            elif said is None:
                self._report.drift.append(Drift(aggregate, id_, "extra"))
            elif id_ not in shown:
                self._report.drift.append(Drift(aggregate, id_, "missing"))
            else:
                self._report.drift.append(Drift(aggregate, id_, "different"))
        return undecided

    def _said(self, aggregate: Aggregate, ids: list[Id]) -> dict[Id, Item]:
        if aggregate == "entities":
            return dict(self._truth.entities(ids))
        return dict(self._truth.relationships(ids))
