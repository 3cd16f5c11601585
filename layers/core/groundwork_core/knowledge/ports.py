"""Ports of knowledge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.jobs.ports import JobsWork, LeasesWork
from groundwork_core.knowledge.statements import (
    MAX_ALIASES,
    EdgeRow,
    EntityRow,
    MentionRow,
)
from groundwork_core.resources.bulk import Upserted
from groundwork_core.resources.ports import ResourceWork, SurvivorsWork


class KnowledgeStore(Protocol):
    """Entities, relationships and mentions. Rows without a change are not written."""

    def upsert_entities(
        self, rows: Sequence[EntityRow], most_aliases: int = MAX_ALIASES
    ) -> list[Upserted]:
        """Insert or merge entities by (type, key), which are unique in `rows`; in their order.

        An existing entity keeps its name (another name becomes an alias), the highest confidence,
        and the first documents of its provenance. Rows without a key are inserted.
        """
        ...

    def upsert_relationships(self, rows: Sequence[EdgeRow]) -> list[Upserted]:
        """Insert or merge relationships by (from, to, type, valid_from); in the order of `rows`.

        Raises:
            Unavailable: an end was deleted at the same time; retry.
        """
        ...

    def hold_entities(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return for each existing or merged id the entity it leads to: itself or its survivor.

        These entities cannot be deleted until the transaction ends.
        """
        ...

    def put_mentions(self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]) -> None:
        """Insert mentions, and delete those of earlier revisions of the `stated` documents."""
        ...

    def revisions(self, document_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return the current revision of each document that exists."""
        ...


class KnowledgeWork(JobsWork, Protocol):
    """A unit of work with knowledge and jobs."""

    @property
    def knowledge(self) -> KnowledgeStore:
        """Entities, relationships and mentions."""
        ...


class Merging(Protocol):
    """Merges of entities. Ids of merged entities lead to the survivor."""

    def lock(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """Lock entities, and return the versions of those that exist."""
        ...

    def merge(self, one: UUID, into: UUID) -> None:
        """Merge an entity into another; both are locked."""
        ...

    def split(self, one: UUID, into: UUID) -> bool:
        """Undo a merge as far as possible; False: it is no longer merged into `into`."""
        ...


class MergingWork(ResourceWork, SurvivorsWork, Protocol):
    """A unit of work with merges."""

    @property
    def merging(self) -> Merging:
        """The merges of entities."""
        ...


class ResultWork(LeasesWork, KnowledgeWork, Protocol):
    """A unit of work that knows leases and applies results."""
