"""Documents as a REST resource, written by the fetcher and by clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.resources.bounded_json import BoundedText
from groundwork_core.resources.field_types import INTEGRAL, Moment, Text, WebAddress
from groundwork_core.resources.highlights import Highlights
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Title = Annotated[Text, Field(max_length=2_000)]
TextOfNew = Annotated[
    BoundedText, Field(max_length=1_000_000, description="HTML; it is sanitized.")
]
Language = Annotated[Text, Field(max_length=35)]
MAX_ENCLOSURES = 50
MAX_LENGTH_BYTES = 2**53 - 1


class NewEnclosure(Input):
    """A file attached to a new document."""

    url: WebAddress
    type: Annotated[Text, Field(max_length=255, description="The media type.")] | None = None
    length: (
        Annotated[int, Field(ge=0, le=MAX_LENGTH_BYTES, description="The size in bytes."), INTEGRAL]
        | None
    ) = None


class ShownEnclosure(BaseModel):
    """A file attached to a document, as its source states it."""

    model_config = ConfigDict(defer_build=True)

    url: str
    type: str | None
    length: int | None


class Document(Representation):
    """One entry of a source, in its latest revision."""

    source_id: UUID
    external_id: str
    url: str | None
    title: str
    author: str | None
    summary: str
    content: str
    language: str | None
    published_at: datetime | None
    authors: list[str] = Field(description="All authors that its feed names.")
    categories: list[str] = Field(description="The categories that its feed puts it into.")
    links: list[str] = Field(description="Web addresses that its text links to.")
    enclosures: list[ShownEnclosure]
    content_hash: str
    revision: int
    cluster_id: UUID | None = Field(
        description="The same for all near-duplicates; null until the document was compared."
    )
    rank: float | None = Field(
        description="How well the resource matches; only in a list with `q`."
    )
    highlights: Highlights | None = Field(description="Only in a list with `q`.")


class NewDocument(Input):
    """A document to add to a source. Its address identifies it within the source."""

    source_id: UUID
    url: WebAddress
    title: Annotated[Title, Field(min_length=1)]
    author: Title | None = None
    summary: TextOfNew = ""
    content: TextOfNew = ""
    language: Language | None = None
    published_at: Moment | None = None
    enclosures: Annotated[
        tuple[NewEnclosure, ...], Field(fail_fast=True, max_length=MAX_ENCLOSURES)
    ] = ()


class CleanDocument(NewDocument):
    """A new document as stored, with cleaned HTML."""

    external_id: str
    content_hash: str
    metadata: dict[str, JsonValue]


class DocumentPatch(Input):
    """Corrections of a document's metadata. Its content comes from the source and cannot change."""

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
        Filter("cluster_id", "id"),
        Filter("q", operator="search"),
        Filter("published_after", "moment", "after", column="published_at"),
        Filter("published_before", "moment", "before", column="published_at"),
    ),
    sorts={"published_at": Sort("moment", nullable=True), "title": Sort("text")},
)
