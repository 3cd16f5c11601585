"""Embeddings of entities, documents and contents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import children, parent, shown
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.documents import Document
    from groundwork_data.postgres.tables.knowledge import Entity
    from groundwork_data.postgres.tables.publishing import Content

SUBJECTS = {"entity": "entities", "document": "documents", "content": "contents"}


def _subject(kind: str) -> Mapped[UUID | None]:
    """Return a generated column with the subject's id for one kind, for a cascading foreign key."""
    return mapped_column(
        ForeignKey(f"{SUBJECTS[kind]}.id", ondelete="CASCADE"),
        Computed(f"CASE WHEN subject_type = '{kind}' THEN subject_id END", persisted=True),
    )


class EmbeddingModel(Row):
    """A model of embeddings; its first embedding determined the dimensions.

    Each model has its own index on `embeddings`, created by groundwork_learn_embedding_model.
    """

    __tablename__ = "embedding_models"
    __table_args__ = (
        CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$'", name="name"),
        CheckConstraint("dimensions BETWEEN 1 AND 4000", name="dimensions"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    dimensions: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    embeddings: Mapped[list[Embedding]] = children("embedding_model")


class Embedding(Aggregate, Row):
    """The vector that a model assigns to a subject."""

    __tablename__ = "embeddings"
    __table_args__ = (
        CheckConstraint("subject_type IN ('entity', 'document', 'content')", name="subject_type"),
        CheckConstraint("vector_norm(vector) > 0", name="vector"),
        Index("uq_embeddings_subject_id", "subject_id", "model", unique=True),
        Index("ix_embeddings_model", "model", "id"),
        Index("ix_embeddings_subject_type_id", "subject_type", "id"),
        Index("ix_embeddings_entity_id", "entity_id"),
        Index("ix_embeddings_document_id", "document_id"),
        Index("ix_embeddings_content_id", "content_id"),
    )
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    model: Mapped[str] = mapped_column(ForeignKey("embedding_models.name"))
    vector: Mapped[list[float]] = mapped_column(VECTOR())
    entity_id: Mapped[UUID | None] = _subject("entity")
    document_id: Mapped[UUID | None] = _subject("document")
    content_id: Mapped[UUID | None] = _subject("content")

    embedding_model: Mapped[EmbeddingModel] = parent("embeddings")
    entity: Mapped[Entity | None] = shown("embeddings")
    document: Mapped[Document | None] = shown("embeddings")
    content: Mapped[Content | None] = shown("embeddings")
