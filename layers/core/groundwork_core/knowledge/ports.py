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
        """Insert entities, or merge them by (type, key); return outcomes in the order of `rows`.

        (type, key) must be unique in `rows`; a row without a key is inserted. An existing entity
        keeps its name (another name becomes an alias) and the first documents of its provenance.
        Its confidence rises to `said` if that is higher; `weigh` then computes it from all
        statements.
        """
        ...

    def upsert_relationships(self, rows: Sequence[EdgeRow]) -> list[Upserted]:
        """Insert relationships, or merge them by (from, to, type, valid_from).

        Returns the outcomes in the order of `rows`.

        Raises:
            Unavailable: an end was deleted at the same time; retry.
        """
        ...

    def hold_entities(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return the entity for each id: itself, or the survivor if it was merged.

        Ids that do not exist are left out. The entities cannot be deleted until the transaction
        ends.
        """
        ...

    def put_mentions(
        self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]
    ) -> set[UUID]:
        """Insert mentions, and delete those of earlier revisions of the `stated` documents.

        Returns the entities whose mentions were deleted.
        """
        ...

    def present(
        self, document_ids: Sequence[UUID], lease_tokens: Sequence[UUID]
    ) -> tuple[dict[UUID, int], dict[UUID, list[Taken]]]:
        """Return the revisions of existing documents, and the result parts accepted by lease."""
        ...

    def take_part(self, lease: Lease, taken: Taken) -> None:
        """Record that a part of a result was accepted under a lease."""
        ...


class ConfidenceStore(Protocol):
    """Confidences of entities, and the statements that they are computed from."""

    def standings(self, ids: Collection[UUID]) -> list[Standing]:
        """Return the confidence of each existing entity, as stored and as computed."""
        ...

    def lock_free(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock those entities that no other transaction has locked, and return them."""
        ...

    def lock(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock entities in the same order as upserts do; return those that exist."""
        ...

    def join(self, one: UUID, into: UUID) -> None:
        """Move the statements of an entity to the survivor of its coming merge."""
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
    """Merges of entities. Ids of merged entities stand for the survivor."""

    def lock(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """Lock entities; return the versions of those that exist, by id."""
        ...

    def merge(self, one: UUID, into: UUID) -> None:
        """Merge an entity into another. The caller has locked both."""
        ...

    def split(self, one: UUID, into: UUID) -> bool:
        """Undo a merge as far as possible; False if `one` is no longer merged into `into`."""
        ...


class MergingWork(ResourceWork, SurvivorsWork, ConfidencesWork, Protocol):
    """A unit of work with merges."""

    @property
    def merging(self) -> Merging:
        """The merges of entities."""
        ...


class ResultWork(LeasesWork, KnowledgeWork, Protocol):
    """A unit of work that applies results under leases."""

    @property
    def embeddings(self) -> EmbeddingStore:
        """The embeddings."""
        ...
