"""Ports of the graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from groundwork_core.knowledge.graph.changes import Changes
from groundwork_core.knowledge.graph.model import (
    ALL_FIELDS,
    Details,
    DocumentCard,
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
    SelectedFields,
    Side,
    Subgraph,
    Surroundings,
)
from groundwork_core.knowledge.graph.rounds import Claim, ComparedPart, Drift, Place, Verdict


@dataclass(frozen=True, slots=True)
class AppliedChanges:
    """Numbers of changes of one batch. `skipped`: the graph already had this or a newer version."""

    entities: int
    relationships: int
    skipped: int


class GraphProjection(Protocol):
    """Keeps the graph equal to Postgres. A batch is applied completely or not at all.

    Changes may arrive in any order and repeatedly: only newer versions are applied, tombstones
    prevent deleted nodes from coming back, and the relationships of a deleted entity are deleted.
    """

    def apply(self, changes: Changes) -> AppliedChanges:
        """Apply changes.

        Raises:
            GraphUnavailable: the graph cannot be reached or failed; nothing was applied.
        """
        ...

    def position(self) -> tuple[int, int]:
        """Return the (xid, id) of the newest applied outbox row; (0, 0): none yet.

        Raises:
            GraphUnavailable: the graph cannot be reached.
        """
        ...


class GraphReader(Protocol):
    """Queries of the graph. Each method is one query for any number of ids.

    Raises (all methods):
        GraphUnavailable: the graph cannot be reached.
        TookTooLong: the graph stopped the query at its time limit.
    """

    def entities(self, ids: Collection[Id]) -> Mapping[Id, GraphEntity]:
        """Return the entities that exist, by id."""
        ...

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        """Return up to `first` links of each entity after `after`, highest confidence first.

        Entities that do not exist have no page.
        """
        ...

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Subgraph | None:
        """Return a shortest path, or None if there is none of at most `max_hops`."""
        ...

    def subgraph(
        self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter
    ) -> Subgraph:
        """Return entities within `depth` hops, nearest and highest confidence first.

        At most `max_nodes`. With several seeds there are two queries: the first finds those that
        exist.
        """
        ...


class GraphStore(Protocol):
    """Reads of the graph database. Each method is one query, however many ids it is given.

    Raises (all methods):
        GraphUnavailable: the graph cannot be reached.
        TookTooLong: the graph stopped the query at its time limit.
    """

    def nodes(self, ids: Collection[Id]) -> Nodes:
        """Return the entities that exist, and the hubs among them."""
        ...

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> LinkPages:
        """Return a page of links for each entity that is not a hub, and the ids of the hubs."""
        ...

    def surroundings(self, ids: Sequence[Id], wanted: LinkFilter) -> Mapping[Id, Surroundings]:
        """Return the entities one hop from each entity that exists; none for a hub."""
        ...

    def shortest_path(
        self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter
    ) -> Subgraph | None:
        """Return a shortest path by the database's own search, or None if there is none."""
        ...


class Catalogue(Protocol):
    """Queries that Postgres answers: lists, search, and fields that the graph does not have."""

    def find(self, wanted: EntityFilter, first: int, after: Id | None) -> EntityPage:
        """List up to `first` entities after `after`, in the order of their creation."""
        ...

    def survivors(self, ids: Collection[Id]) -> Mapping[Id, Id]:
        """Return the survivors of merged entities, by old id."""
        ...

    def entity_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of the entities that exist."""
        ...

    def documents(self, ids: Collection[Id]) -> Mapping[Id, DocumentCard]:
        """Return the documents that exist, by id."""
        ...

    def relationship_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of the relationships that exist."""
        ...


class HubLists(Protocol):
    """Relationships of hubs, in the order of pages."""

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, limit: int, after: LinkPlace | None
    ) -> Mapping[Id, Sequence[GraphRelationship]]:
        """Return up to `limit` relationships of each hub after `after`, most confident first."""
        ...


class Neighbourhoods(Protocol):
    """Neighbours of many entities, at a cost that depends on the result only."""

    def next_to(self, ids: Collection[Id], wanted: LinkFilter, limit: int) -> Sequence[Id]:
        """Return up to `limit` neighbours of these entities, highest confidence first."""
        ...

    def among(
        self,
        ids: Collection[Id],
        hubs: Collection[Id],
        wanted: LinkFilter,
        limit: int,
        selected: SelectedFields = ALL_FIELDS,
    ) -> Sequence[GraphRelationship]:
        """Return up to `limit` relationships among these entities, highest confidence first.

        The relationships of `hubs` are looked up pair by pair, so that not all of them are read.
        """
        ...


class HubPaths(Protocol):
    """Short paths near hubs, without reading all relationships of a hub."""

    def adjacent(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return one entity of each side such that the two are related; empty if there is none."""
        ...

    def across(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return one entity of each side and one in between, related to both; empty if none."""
        ...

    def steps(self, ids: Sequence[Id], wanted: LinkFilter) -> Sequence[GraphRelationship]:
        """Return a relationship between each entity and the next; fewer if one is missing."""
        ...


class GraphProgress(Protocol):
    """The progress of a destination."""

    def reached(self, destination: str, position: str) -> bool:
        """Return whether a destination has reached a position.

        Raises:
            Invalid: the text is not a position.
        """
        ...


class Comparison(Protocol):
    """A comparison of both stores."""

    def go_on(self, place: Place | None, may_go_on: Callable[[], bool]) -> ComparedPart:
        """Compare from a place on, at least one batch, while `may_go_on`; then confirm drift.

        Raises:
            Unavailable: a store cannot be reached or took too long.
        """
        ...


class Rounds(Protocol):
    """The stored state of the round and of the last result."""

    def claim(self, seconds: float) -> Claim | None:
        """Claim the current round for some seconds; None while another run has claimed it."""
        ...

    def keep(self, claim: Claim, part: ComparedPart) -> None:
        """Store the compared part and release the claim; no effect if the claim has expired."""
        ...

    def give_back(self, claim: Claim) -> None:
        """Release a claim without a compared part."""
        ...

    def compared(self, drift: Drift) -> None:
        """Store the result of a full comparison; the current round then starts again."""
        ...

    def verdict(self) -> Verdict:
        """Return what is known about drift now."""
        ...
