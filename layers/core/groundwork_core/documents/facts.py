"""What a feed states about a document, as a worker reads it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document's own statements, and its feed's."""

    document_id: UUID
    revision: int
    source_id: UUID
    source_name: str
    source_url: str
    site: str | None
    """The web site that the feed belongs to."""
    feed_title: str
    url: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    links: tuple[str, ...]
