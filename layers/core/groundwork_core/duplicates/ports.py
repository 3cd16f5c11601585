"""Ports of near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class UnmarkedDocument:
    """A document whose present revision was not compared yet."""

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
    """What a document was found to be."""

    document_id: UUID
    revision: int
    simhash: int | None
    cluster_id: UUID
    language: str | None


DetectLanguage = Callable[[str], str | None]
"""Returns the language of a text (ISO 639-1); None if it is not sure."""


class MarkStore(Protocol):
    """The marks of documents: hash, cluster and detected language."""

    def begin(self) -> bool:
        """Lock the comparison until the transaction ends; False: another one holds the lock."""
        ...

    def unmarked(self, limit: int) -> list[UnmarkedDocument]:
        """Return documents that are to be compared, the oldest first."""
        ...

    def near(self, document_id: UUID, simhash: int, most_bits: int) -> Sequence[NearDocument]:
        """Return other documents that share a band and differ in few bits, nearest first."""
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
