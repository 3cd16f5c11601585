"""What the use cases of documents need from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.documents.model import Entry, StoredDocument
from groundwork_core.unit_of_work import Transaction


class Harmless(Protocol):
    """HTML that a page may show."""

    @property
    def html(self) -> str:
        """What is left of it."""
        ...

    @property
    def links(self) -> tuple[str, ...]:
        """The web addresses it links to, each once."""
        ...


MakeHarmless = Callable[[str, str | None], Harmless]
"""Clean a stranger's HTML as feeds' is cleaned; relative links are resolved against an address."""


class DocumentStore(Protocol):
    """The documents."""

    def known(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, str]:
        """Return the content hashes, by external id, of those that are there. One round trip."""
        ...

    def put(self, source_id: UUID, entries: Sequence[Entry]) -> list[StoredDocument]:
        """Insert what is new, revise what changed and keep its old state. One round trip.

        What is there with the same content is left alone and not returned.
        """
        ...

    def facts(self, document_ids: Sequence[UUID]) -> list[DocumentFacts]:
        """Return what feeds state about documents that are there. One round trip."""
        ...


class DocumentsWork(Transaction, Protocol):
    """A unit of work that knows documents."""

    @property
    def documents(self) -> DocumentStore:
        """The documents."""
        ...
