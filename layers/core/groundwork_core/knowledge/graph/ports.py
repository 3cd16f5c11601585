"""What the domain needs of a graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from groundwork_core.knowledge.graph.changes import Changes
from groundwork_core.knowledge.graph.model import (
    EVERYTHING,
    Details,
    EntityFilter,
    EntityPage,
    GraphEntity,
    GraphRelationship,
    Id,
    LinkFilter,
    LinkPage,
    LinkPages,
    LinkPlace,
    Nodes,
    Shown,
    Side,
    Subgraph,
    Surroundings,
)
from groundwork_core.knowledge.graph.rounds import Claim, ComparedPart, Drift, Place, Verdict


@dataclass(frozen=True, slots=True)
class AppliedChanges:
    """What one batch did. `skipped`: the graph knew as much or more already."""

    entities: int
    relationships: int
    skipped: int


class GraphProjection(Protocol):
    """Keeps the graph equal to Postgres. All of a batch happens, or nothing.

    It applies only what is newer than what stands, whatever the order and however often changes
    come; it remembers what was deleted, so that nothing comes back; and it never leaves an edge
    at a deleted entity.
    """

    def apply(self, changes: Changes) -> AppliedChanges:
        """Apply changes.

        Raises:
            GraphUnavailable: the graph cannot be reached, or gave up; nothing was applied.
        """
        ...

    def position(self) -> tuple[int, int]:
        """Return the (xid, id) of the newest outbox row the graph has had; (0, 0): none yet.

        Raises:
            GraphUnavailable: the graph cannot be reached.
        """
        ...


class GraphReader(Protocol):
    """Answers questions. Each method asks the graph once, however many ids it is given.

    Raises (all methods):
        GraphUnavailable: the graph cannot be reached.
        TookTooLong: the graph stopped the query at its time limit.
    """

    def entities(self, ids: Collection[Id]) -> Mapping[Id, GraphEntity]:
        """Return those entities that exist, by id."""
        ...

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        """Return the surest `first` links of each entity, from behind `after`.

        Entities that do not exist have no page.
        """
        ...

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Subgraph | None:
        """Return a shortest path, or None if there is none of at most `max_hops`."""
        ...

    def subgraph(
        self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter
    ) -> Subgraph:
        """Return what lies within `depth` hops, nearest and surest first, at most `max_nodes`.

        Where there are several seeds the graph is asked twice: first, which of them exist.
        """
        ...


class GraphStore(Protocol):
    """Reads of the graph database. Each method is one query, however many ids it is given.

    Raises (all methods):
        GraphUnavailable: the graph cannot be reached.
        TookTooLong: the graph stopped the query at its time limit.
    """

    def nodes(self, ids: Collection[Id]) -> Nodes:
        """Return those entities that exist, and which of them are hubs."""
        ...

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> LinkPages:
        """Return a page of links of each entity; hubs are named instead."""
        ...

    def surroundings(self, ids: Sequence[Id], wanted: LinkFilter) -> Mapping[Id, Surroundings]:
        """Return what is one hop from each entity that exists; nothing around a hub."""
        ...

    def shortest_path(
        self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter
    ) -> Subgraph | None:
        """Return a shortest path by the database's own search, or None."""
        ...


class Catalogue(Protocol):
    """What Postgres knows of the graph: it lists and searches, and has what the graph does not."""

    def find(self, wanted: EntityFilter, first: int, after: Id | None) -> EntityPage:
        """List entities by id, which is the order of their making, from behind `after`."""
        ...

    def survivors(self, ids: Collection[Id]) -> Mapping[Id, Id]:
        """Return the survivors of those ids that were merged, by old id."""
        ...

    def entity_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of those entities that exist."""
        ...

    def relationship_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of those relationships that exist."""
        ...


class HubLists(Protocol):
    """Has the relationships of entities that have very many, in the order of pages."""

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, limit: int, after: LinkPlace | None
    ) -> Mapping[Id, Sequence[GraphRelationship]]:
        """Return the surest `limit` relationships of each entity, from behind `after`."""
        ...


class Neighbourhoods(Protocol):
    """Looks around many entities at once, at the price of what it returns, hubs or not."""

    def next_to(self, ids: Collection[Id], wanted: LinkFilter, limit: int) -> Sequence[Id]:
        """Return the `limit` entities that these lead to most surely, the surest first."""
        ...

    def among(
        self,
        ids: Collection[Id],
        hubs: Collection[Id],
        wanted: LinkFilter,
        limit: int,
        shown: Shown = EVERYTHING,
    ) -> Sequence[GraphRelationship]:
        """Return the surest `limit` relationships with both ends among these entities.

        `hubs` are those of them that have very many: they are looked up, not read.
        """
        ...


class HubPaths(Protocol):
    """Finds short ways where hubs are near, without reading all that a hub has."""

    def adjacent(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return one of each side that are related, or nothing."""
        ...

    def across(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return one of each side and, between them, one to which both are related; or nothing."""
        ...

    def steps(self, ids: Sequence[Id], wanted: LinkFilter) -> Sequence[GraphRelationship]:
        """Return the surest relationship of each with the next; fewer if one has none."""
        ...


class GraphProgress(Protocol):
    """Knows how far the graph is."""

    def reached(self, destination: str, position: str) -> bool:
        """Say whether a destination has had all that a position stands for.

        Raises:
            Invalid: this is no position.
        """
        ...


class Comparison(Protocol):
    """Compares both stores."""

    def go_on(self, place: Place | None, may_go_on: Callable[[], bool]) -> ComparedPart:
        """Compare from a place on, while it may, but at least a little; then decide what is drift.

        Raises:
            Unavailable: one of the stores cannot be reached, or took too long.
        """
        ...


class Rounds(Protocol):
    """Remembers how far the round is, and what the last one found."""

    def claim(self, seconds: float) -> Claim | None:
        """Take the round under way for so long; None while another run has it."""
        ...

    def keep(self, claim: Claim, part: ComparedPart) -> None:
        """Write down what was compared, and let go. No more ours: it changes nothing."""
        ...

    def give_back(self, claim: Claim) -> None:
        """Let go of a claim with nothing compared."""
        ...

    def compared(self, drift: Drift) -> None:
        """Write down that all was compared at once; the round under way begins anew."""
        ...

    def verdict(self) -> Verdict:
        """Return what is known now."""
        ...
