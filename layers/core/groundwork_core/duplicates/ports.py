"""Ports of near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class UnmarkedDocument:
    """A document whose current revision has not been compared yet."""

    id: UUID
    revision: int
    title: str
    summary: str
    content: str
    has_language: bool


@dataclass(frozen=True, slots=True)
class NearDocument:
    """A document with a similar hash."""

    simhash: int
    cluster_id: UUID


@dataclass(frozen=True, slots=True)
class Mark:
    """The hash, cluster and detected language of a document."""

    document_id: UUID
    revision: int
    simhash: int | None
    cluster_id: UUID
    language: str | None


DetectLanguage = Callable[[str], str | None]
"""Returns the language of a text (ISO 639-1); None if it is not sure."""


class MarkStore(Protocol):
    """Stores the marks of documents: hash, cluster and detected language."""

    def begin(self) -> bool:
        """Lock the comparison until the transaction ends; False if it is locked already."""
        ...

    def unmarked(self, limit: int) -> list[UnmarkedDocument]:
        """Return documents that have not been compared yet, oldest first."""
        ...

    def near(self, document_id: UUID, simhash: int, most_bits: int) -> Sequence[NearDocument]:
        """Return other documents in a common band within `most_bits` bits, nearest first."""
        ...

    def mark(self, marks: Sequence[Mark]) -> None:
        """Store marks."""
        ...


class MarksWork(Transaction, Protocol):
    """A unit of work with the marks of documents."""

    @property
    def marks(self) -> MarkStore:
        """The marks of documents."""
        ...
