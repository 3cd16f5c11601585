"""Documents as a REST resource: the fetcher writes them, and so may clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.resources.texts import Moment, Text, WebAddress

Title = Annotated[Text, Field(max_length=2_000)]
TextOfNew = Annotated[Text, Field(max_length=1_000_000, description="HTML, which is cleaned.")]
Language = Annotated[Text, Field(max_length=35)]


class Document(Representation):
    """One entry of a source, in its present revision."""

    source_id: UUID
    external_id: str
    url: str | None
    title: str
    author: str | None
    summary: str
    content: str
    language: str | None
    published_at: datetime | None
    content_hash: str
    revision: int


class NewDocument(Input):
    """An entry that a source has beside its feed. Its address is its identity there."""

    source_id: UUID
    url: WebAddress
    title: Annotated[Title, Field(min_length=1)]
    author: Title | None = None
    summary: TextOfNew = ""
    content: TextOfNew = ""
    language: Language | None = None
    published_at: Moment | None = None


class CleanDocument(NewDocument):
    """A new document as it is kept."""

    external_id: str
    content_hash: str
    metadata: dict[str, JsonValue]


class DocumentPatch(Input):
    """Corrections of what the source states about an entry. Its content is the source's own."""

    url: WebAddress | None = None
    title: Title = ""
    author: Title | None = None
    language: Language | None = None
    published_at: Moment | None = None


DOCUMENTS = Resource(
    name="documents",
    singular="document",
    model=Document,
    create=NewDocument,
    patch=DocumentPatch,
    filters=(
        Filter("source_id", "id"),
        Filter("q", operator="like", column="title"),
        Filter("published_after", "moment", "after", column="published_at"),
        Filter("published_before", "moment", "before", column="published_at"),
    ),
    sorts={"published_at": Sort("moment", nullable=True), "title": Sort("text")},
)
