"""Ports of knowledge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.embeddings.ports import EmbeddingStore
from groundwork_core.jobs.ports import JobsWork, Lease, LeasesWork
from groundwork_core.knowledge.mention_rows import MentionRow
from groundwork_core.knowledge.result_parts import Taken
from groundwork_core.knowledge.standing import Standing
from groundwork_core.knowledge.statements import (
    MAX_ALIASES,
    EdgeRow,
    EntityRow,
)
from groundwork_core.resources.bulk import Upserted
from groundwork_core.resources.ports import ResourceWork, SurvivorsWork


class KnowledgeStore(Protocol):
    """Entities, relationships and mentions. Rows without a change are not written."""

    def upsert_entities(
        self, rows: Sequence[EntityRow], most_aliases: int = MAX_ALIASES
    ) -> list[Upserted]:
        """Insert or merge entities by (type, key), which are unique in `rows`; in their order.

        An existing entity keeps its name (another name becomes an alias) and the first documents
        of its provenance. Its confidence only rises, to what is `said`; `weigh` computes it from
        all statements. Rows without a key are inserted.
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

    def put_mentions(
        self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]
    ) -> set[UUID]:
        """Insert mentions, and delete those of earlier revisions of the `stated` documents.

        Returns the entities of deleted mentions.
        """
        ...

    def present(
        self, document_ids: Sequence[UUID], lease_tokens: Sequence[UUID]
    ) -> tuple[dict[UUID, int], dict[UUID, list[Taken]]]:
        """Return the revision of each document that exists, and the parts taken under leases."""
        ...

    def take_part(self, lease: Lease, taken: Taken) -> None:
        """Record that a part of a result was accepted under a lease."""
        ...


class ConfidenceStore(Protocol):
    """Confidences of entities, and the statements that they are computed from."""

    def standings(self, ids: Collection[UUID]) -> list[Standing]:
        """Return the standing of each entity that exists."""
        ...

    def lock_free(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock the entities that no other transaction has locked, and return them."""
        ...

    def lock(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock entities in the order in which upserts lock them; return those that exist."""
        ...

    def join(self, one: UUID, into: UUID) -> None:
        """Move the statements of an entity to the one that it is about to be merged into."""
        ...

    def set_confidences(self, computed: Sequence[tuple[UUID, float]]) -> None:
        """Store computed confidences of locked entities."""
        ...


class ConfidencesWork(Protocol):
    """A unit of work with confidences of entities."""

    @property
    def confidences(self) -> ConfidenceStore:
        """Confidences of entities."""
        ...


class KnowledgeWork(JobsWork, ConfidencesWork, Protocol):
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
        """Undo a merge as far as possible; return False if it is no longer merged into `into`."""
        ...


class MergingWork(ResourceWork, SurvivorsWork, ConfidencesWork, Protocol):
    """A unit of work with merges."""

    @property
    def merging(self) -> Merging:
        """The merges of entities."""
        ...


class ResultWork(LeasesWork, KnowledgeWork, Protocol):
    """A unit of work that knows leases and applies results."""

    @property
    def embeddings(self) -> EmbeddingStore:
        """The embeddings."""
        ...
