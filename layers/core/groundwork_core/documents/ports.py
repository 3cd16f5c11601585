"""Ports of documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.documents.model import Entry, StoredDocument
from groundwork_core.jobs.ports import JobStore
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.unit_of_work import Transaction


class CleanHtml(Protocol):
    """Cleaned HTML."""

    @property
    def html(self) -> str:
        """The HTML, safe to show in a page."""
        ...

    @property
    def links(self) -> tuple[str, ...]:
        """The distinct web addresses that it links to."""
        ...

    @property
    def wording(self) -> str:
        """Return the text to hash: before cleaning, so that new rules change no hash."""
        ...


CleanHtmlOf = Callable[[str, str | None], CleanHtml]
"""Cleans untrusted HTML; resolves relative links against the given address."""


RegistrableHost = Callable[[str], str | None]
"""Returns the registrable domain of a web address (`bbc.co.uk`); None if it has none."""


class DocumentStore(Protocol):
    """Stores documents and their revisions."""

    def known(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, str]:
        """Return the content hashes by external id, of those that exist. One round trip."""
        ...

    def put(self, source_id: UUID, entries: Sequence[Entry]) -> list[StoredDocument]:
        """Insert new documents, add revisions for changed ones. One round trip.

        Documents with the same content are left unchanged and are not returned.
        """
        ...

    def stated(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return link, title and date of stored documents by external id.

        Dates are ISO 8601, UTC. A missing link, title or date is an empty text. One round trip.
        """
        ...

    def rename(self, source_id: UUID, external_ids: Mapping[str, str]) -> None:
        """Change external ids of documents of a source. `renamed` is by old id. One round trip."""
        ...


class DocumentsWork(Transaction, Protocol):
    """A unit of work with documents."""

    @property
    def documents(self) -> DocumentStore:
        """The stored documents."""
        ...


class DocumentWritesWork(ResourceWork, Protocol):
    """A unit of work with resources and jobs, for clients that write documents."""

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...
