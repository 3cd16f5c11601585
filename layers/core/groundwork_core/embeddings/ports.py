"""What the use cases of embeddings need from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from groundwork_core.resources.ports import ResourceWork, SurvivorsWork


@dataclass(frozen=True, slots=True)
class KnownModel:
    """What is known of a model, and of one subject by it."""

    dimensions: int
    vector: str | None
    """The subject's embedding as text; None if it has none, or no subject was named."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A subject near to what was asked for."""

    id: UUID
    subject_type: Literal["entity", "document", "content"]
    subject_id: UUID
    score: float
    """The cosine of the angle between the two: 1 is the same direction, -1 the opposite."""


class EmbeddingStore(Protocol):
    """Vectors by model, and an index of each model's."""

    def learn_model(self, model: str, dimensions: int) -> None:
        """Know a model: with these dimensions and an index, unless it is known already.

        Raises:
            Invalid: there are too many models.
        """
        ...

    def known(self, model: str, subject_id: UUID | None, count: int) -> KnownModel | None:
        """Return what is known of a model, before `count` are searched; None: it is not."""
        ...

    def nearest(
        self, model: str, known: KnownModel, vector: str, besides: UUID | None, count: int
    ) -> list[Neighbour]:
        """Return up to `count` subjects, the nearest first, without the subject `besides`."""
        ...


class EmbeddingsWork(ResourceWork, SurvivorsWork, Protocol):
    """A unit of work that knows embeddings."""

    @property
    def embeddings(self) -> EmbeddingStore:
        """The vectors."""
        ...
