"""What the use cases of knowledge need from outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.jobs.ports import JobsWork
from groundwork_core.knowledge.statements import (
    MAX_ALIASES,
    EdgeRow,
    EntityRow,
    MentionRow,
)
from groundwork_core.resources.bulk import Upserted
from groundwork_core.resources.ports import ResourceWork, SurvivorsWork


class KnowledgeStore(Protocol):
    """Entities, relationships and mentions. A row is written only if that changes something."""

    def upsert_entities(
        self, rows: Sequence[EntityRow], most_aliases: int = MAX_ALIASES
    ) -> list[Upserted]:
        """Insert or merge entities by (type, key), each of which `rows` has once; in their order.

        An entity that is there keeps its name (another name becomes an alias), its highest
        confidence, and the first documents of its provenance. Rows without a key are inserted.
        """
        ...

    def upsert_relationships(self, rows: Sequence[EdgeRow]) -> list[Upserted]:
        """Insert or merge relationships by (from, to, type, valid_from); in the order of `rows`.

        Raises:
            Unavailable: an end was removed meanwhile; look for it again.
        """
        ...

    def hold_entities(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return what each id leads to, itself or its survivor, for those that lead to anything.

        Those that they lead to stay there until the transaction ends.
        """
        ...

    def put_mentions(self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]) -> None:
        """Insert mentions, and drop those of earlier revisions of the `stated` documents."""
        ...

    def revisions(self, document_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return the present revision of each document that is there."""
        ...


class KnowledgeWork(JobsWork, Protocol):
    """A unit of work that applies results."""

    @property
    def knowledge(self) -> KnowledgeStore:
        """What is known."""
        ...


class Merging(Protocol):
    """Merges entities. Ids of what was merged lead to the one that is there now."""

    def lock(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the versions of those that are there, which nobody else touches now."""
        ...

    def merge(self, one: UUID, into: UUID) -> None:
        """Merge one into another; both are locked."""
        ...

    def split(self, one: UUID, into: UUID) -> bool:
        """Undo a merge, as far as that can be; False: it is not merged into that any more."""
        ...


class MergingWork(ResourceWork, SurvivorsWork, Protocol):
    """A unit of work that merges."""

    @property
    def merging(self) -> Merging:
        """Merges entities."""
        ...
