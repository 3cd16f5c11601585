"""What the use cases of documents need from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.documents.model import Entry, StoredDocument
from groundwork_core.jobs.ports import JobStore
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.unit_of_work import Transaction


class CleanHtml(Protocol):
    """HTML that a page may show."""

    @property
    def html(self) -> str:
        """What is left of it."""
        ...

    @property
    def links(self) -> tuple[str, ...]:
        """The web addresses it links to, each once."""
        ...

    @property
    def wording(self) -> str:
        """What it says as it is written, however it is cleaned."""
        ...


CleanHtmlOf = Callable[[str, str | None], CleanHtml]
"""Clean a stranger's HTML as feeds' is cleaned; relative links are resolved against an address."""


RegistrableHost = Callable[[str], str | None]
"""Returns the registrable part of a web address's host (`bbc.co.uk`); None if it has none."""


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

    def stated(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the link, title and date (ISO 8601, UTC) of those that are there, by external id.

        What a document does not have is empty. One round trip.
        """
        ...

    def rename(self, source_id: UUID, external_ids: Mapping[str, str]) -> None:
        """Give documents of a source new external ids, by their old ones. One round trip."""
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


class DocumentWritesWork(ResourceWork, Protocol):
    """A unit of work that knows resources and jobs."""

    @property
    def jobs(self) -> JobStore:
        """Work for workers."""
        ...
