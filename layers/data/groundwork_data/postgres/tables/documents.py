"""Documents of sources, and their revisions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.bounds import (
    ENCLOSURES_BYTES_MAX,
    SHORT_BYTES,
    TEXTS_BYTES_MAX,
    json_bound,
    text_bound,
)
from groundwork_data.postgres.tables.links import children, parent, shown
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.embeddings import Embedding
    from groundwork_data.postgres.tables.jobs import Job
    from groundwork_data.postgres.tables.knowledge import Mention
    from groundwork_data.postgres.tables.marks import DocumentMark
    from groundwork_data.postgres.tables.sources import Source

ENCLOSURES = (
    "jsonb_typeof(enclosures) = 'array' AND jsonb_array_length(enclosures) <= 50"
    """ AND NOT jsonb_path_exists(enclosures, 'strict $[*] ? (@.type() != "object")')"""
    """ AND NOT jsonb_path_exists(enclosures, '$[*] ? (!(@.url.type() == "string")"""
    """ || !(@.type == null || @.type.type() == "string")"""
    """ || !(@.length == null || @.length.type() == "number" && @.length >= 0))')"""
)


class Document(Aggregate, Row):
    """One entry of a source, in its current revision."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        CheckConstraint("length(external_id) BETWEEN 1 AND 2048", name="external_id"),
        CheckConstraint("length(content_hash) = 64", name="content_hash"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint(ENCLOSURES, name="enclosures"),
        text_bound("title", 8_000),
        text_bound("author", 8_000),
        text_bound("url", 16_384),
        text_bound("language", 200),
        json_bound("metadata"),
        json_bound("enclosures", ENCLOSURES_BYTES_MAX),
        CheckConstraint(
            f"octet_length(content) + octet_length(summary) <= {SHORT_BYTES}"
            " OR octet_length(to_json(content)::text) + octet_length(to_json(summary)::text)"
            f" <= {TEXTS_BYTES_MAX}",
            name="content_bytes",
        ),
        Index("ix_documents_search", "search", postgresql_using="gin"),
        Index("ix_documents_source_id", "source_id", "id"),
        Index("ix_documents_published_at", "published_at", "id"),
        # A title may be longer than an index allows.
        Index("ix_documents_title_start_id", text('"left"(title, 600)'), "id"),
        Index(
            "ix_documents_title_trigrams",
            literal_column("groundwork_fold(title)").label("folded"),
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    """The entry's id in its source (guid, atom:id), else its link, else its content hash."""
    url: Mapped[str | None]
    title: Mapped[str] = mapped_column(server_default="")
    author: Mapped[str | None]
    summary: Mapped[str] = mapped_column(server_default="")
    content: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str | None]
    published_at: Mapped[datetime | None]
    content_hash: Mapped[str]
    """SHA-256, in hex, of the entry's content."""
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", JSONB, server_default=text("'{}'")
    )
    """Metadata of the feed besides the text: authors, categories, links, its feed."""
    enclosures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """The entry's enclosures: `{url, type, length}`."""
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed("groundwork_vector(language, title, summary, content)", persisted=True),
        deferred=True,
    )
    """The words of its first 120,000 characters, as its language reduces them."""

    source: Mapped[Source] = parent("documents")
    mark: Mapped[DocumentMark | None] = children("document")
    revisions: Mapped[list[DocumentRevision]] = children("document")
    jobs: Mapped[list[Job]] = children("document")
    mentions: Mapped[list[Mention]] = children("document")
    embeddings: Mapped[list[Embedding]] = shown("document")


class DocumentRevision(Row):
    """An earlier revision of a document."""

    __tablename__ = "document_revisions"
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content_hash: Mapped[str]
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaced_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    document: Mapped[Document] = parent("revisions")
