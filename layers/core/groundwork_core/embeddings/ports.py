"""Ports of embeddings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from groundwork_core.resources.bulk import Upserted
from groundwork_core.resources.ports import ResourceWork, SurvivorsWork

Subject = tuple[str, UUID]
"""(type, id)."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A registered model, and the vector of one subject by it."""

    dimensions: int
    vector: str | None
    """The subject's vector as text; None if it has none or no subject was given."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A subject found by a search."""

    id: UUID
    subject_type: Literal["entity", "document", "content"]
    subject_id: UUID
    score: float
    """The cosine similarity: 1 is the same direction, -1 the opposite."""


@dataclass(frozen=True, slots=True)
class EmbeddingRow:
    """A vector to store; it replaces the subject's earlier one by the same model."""

    subject_type: str
    subject_id: UUID
    model: str
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """The subjects that a search is limited to; None means all."""

    subject_type: str | None = None
    subject_ids: tuple[UUID, ...] | None = None
    entity_type: str | None = None
    source_id: UUID | None = None
    """Documents of this source."""
    after: datetime | None = None
    """Documents published, and other subjects created, from this time on."""
    before: datetime | None = None


EVERYTHING = Among()


class EmbeddingStore(Protocol):
    """Vectors by model, with one index for each model."""

    def models(self) -> Mapping[str, int]:
        """Return the dimensions of every registered model; there are at most MODELS_MAX."""
        ...

    def existing(self, subjects: Collection[Subject]) -> set[Subject]:
        """Return the subjects that exist, locked against deletion until the transaction ends."""
        ...

    def put(self, rows: Sequence[EmbeddingRow]) -> list[Upserted]:
        """Store vectors of existing subjects, one per subject and model.

        Returns the outcomes in the order of `rows`. The models must be registered. A vector that
        equals the stored one is not written again.

        Raises:
            Unavailable: a subject was deleted at the same time; retry.
        """
        ...

    def learn_model(self, model: str, dimensions: int) -> None:
        """Register a model with its dimensions and create its index, unless it is registered.

        Raises:
            Invalid: there are as many models as allowed.
        """
        ...

    def known(self, model: str, subject_id: UUID | None, count: int) -> KnownModel | None:
        """Return a registered model, or None, and prepare a search of `count` subjects."""
        ...

    def nearest(
        self,
        model: str,
        known: KnownModel,
        vector: str,
        *,
        besides: UUID | None,
        among: Among,
        count: int,
    ) -> list[Neighbour]:
        """Return up to `count` subjects, nearest first, without the subject `besides`."""
        ...


class EmbeddingsWork(ResourceWork, SurvivorsWork, Protocol):
    """A unit of work with embeddings."""

    @property
    def embeddings(self) -> EmbeddingStore:
        """The embeddings."""
        ...
