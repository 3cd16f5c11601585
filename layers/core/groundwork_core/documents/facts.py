"""A document's metadata for workers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a document and its feed state about it."""

    document_id: UUID
    revision: int
    source_id: UUID
    source_name: str
    source_url: str
    site: str | None
    """The website of the feed."""
    feed_title: str
    url: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    links: tuple[str, ...]
