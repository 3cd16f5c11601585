"""Entities, relationships, and mentions of them in documents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_core.knowledge.entity_types import ENTITY_TYPES
from groundwork_data.postgres.tables.bounds import (
    JSON_BYTES_MAX,
    PROVENANCE_BYTES_MAX,
    STATED_BY_BYTES_MAX,
    json_bound,
)
from groundwork_data.postgres.tables.links import children, parent, shown
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.documents import Document
    from groundwork_data.postgres.tables.embeddings import Embedding
    from groundwork_data.postgres.tables.jobs import Job
    from groundwork_data.postgres.tables.merged_entities import MergedEntity


class Entity(Aggregate, Row):
    """A person, organization, topic, … that documents mention."""

    __tablename__ = "entities"
    __table_args__ = (
        CheckConstraint(
            f"type IN ({', '.join(f'{name!r}' for name in ENTITY_TYPES)})",
            name="type",
        ),
        CheckConstraint("length(name) BETWEEN 1 AND 1000", name="name"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint(
            "length(key) BETWEEN 1 AND 1000 AND key = groundwork_fold(key)", name="key"
        ),
        CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes"),
        json_bound("attributes"),
        json_bound("provenance", PROVENANCE_BYTES_MAX),
        CheckConstraint(
            f"octet_length(to_json(aliases)::text) <= {JSON_BYTES_MAX}", name="aliases_bytes"
        ),
        Index("uq_entities_key", "key", "type", unique=True),
        Index("ix_entities_type", "type", "id"),
        Index("ix_entities_name", "name", "id"),
        Index("ix_entities_confidence", "confidence", "id"),
        Index("ix_entities_key_id", "key", "id"),
        Index(
            "ix_entities_name_trigrams",
            literal_column("groundwork_fold(name)").label("folded"),
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )
    name: Mapped[str]
    type: Mapped[str]
    confidence: Mapped[float] = mapped_column(Double, server_default=text("1"))
    said_confidence: Mapped[float | None] = mapped_column(Double, server_default=text("NULL"))
    """The highest confidence by clients and by results without a document."""
    computed_confidence: Mapped[float | None] = mapped_column(Double, server_default=text("NULL"))
    """Confidence computed from its statements; if `confidence` differs, a client has set that."""
    key: Mapped[str | None]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    provenance: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{\"documents\": []}'")
    )
    """The first documents that state it (at most 20; `mentions` has all), and its workers."""

    outgoing: Mapped[list[Relationship]] = children("from_entity", "Relationship.from_id")
    incoming: Mapped[list[Relationship]] = children("to_entity", "Relationship.to_id")
    mentions: Mapped[list[Mention]] = children("entity")
    merged: Mapped[list[MergedEntity]] = children("into")
    embeddings: Mapped[list[Embedding]] = shown("entity")


class Relationship(Aggregate, Row):
    """A typed, directed relationship between two entities, valid for a time."""

    __tablename__ = "relationships"
    __table_args__ = (
        CheckConstraint("type ~ '^[A-Z][A-Z0-9_]{0,62}$'", name="type"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint("valid_from < valid_to", name="valid_to"),
        CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes"),
        json_bound("attributes"),
        json_bound("provenance", PROVENANCE_BYTES_MAX),
        Index(
            "uq_relationships_from_id",
            "from_id",
            "to_id",
            "type",
            "valid_from",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_include=["id", "confidence", "valid_to"],
        ),
        *(
            Index(
                f"ix_relationships_{end}_order",
                end,
                text("confidence DESC"),
                "id",
                postgresql_include=[other, "type", "valid_from", "valid_to"],
            )
            for end, other in (("from_id", "to_id"), ("to_id", "from_id"))
        ),
        Index("ix_relationships_from_id_id", "from_id", "id"),
        Index("ix_relationships_to_id_id", "to_id", "id"),
        Index("ix_relationships_type", "type", "id"),
        Index("ix_relationships_confidence", "confidence", "id"),
        Index("ix_relationships_valid_from_id", "valid_from", "id"),
        Index("ix_relationships_valid_to_id", "valid_to", "id"),
    )
    from_id: Mapped[UUID] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    type: Mapped[str]
    confidence: Mapped[float] = mapped_column(Double, server_default=text("1"))
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    provenance: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{\"documents\": []}'")
    )

    from_entity: Mapped[Entity] = parent("outgoing", "Relationship.from_id")
    to_entity: Mapped[Entity] = parent("incoming", "Relationship.to_id")
    mentions: Mapped[list[Mention]] = children("relationship")


class Mention(Row):
    """Provenance of one statement: a document states an entity or a relationship."""

    __tablename__ = "mentions"
    __table_args__ = (
        CheckConstraint("num_nonnulls(entity_id, relationship_id) = 1", name="subject"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(
            "uq_mentions_document_id",
            "document_id",
            "entity_id",
            "relationship_id",
            "role",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("subject_confidence BETWEEN 0 AND 1", name="subject_confidence"),
        json_bound("stated_by", STATED_BY_BYTES_MAX),
        Index(
            "ix_mentions_entity_source", "entity_id", "source_id", text("subject_confidence DESC")
        ),
        Index("ix_mentions_relationship_id", "relationship_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(BigInteger)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    relationship_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("relationships.id", ondelete="CASCADE")
    )
    role: Mapped[str] = mapped_column(server_default="")
    """The role of the entity in the document: author, publisher, category, link, …"""
    evidence: Mapped[str] = mapped_column(server_default="")
    """The text of the document that states it."""
    confidence: Mapped[float] = mapped_column(Double, server_default=text("1"))
    subject_confidence: Mapped[float] = mapped_column(Double, server_default=text("1"))
    """The result's confidence in the entity or relationship itself."""
    source_id: Mapped[UUID | None] = mapped_column(server_default=text("NULL"))
    """The document's source, for confidences by source."""
    stated_by: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """`worker`, and `model` and `version` if the result names them."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    document: Mapped[Document] = parent("mentions")
    job: Mapped[Job | None] = parent("mentions")
    entity: Mapped[Entity | None] = parent("mentions")
    relationship: Mapped[Relationship | None] = parent("mentions")


class ResultPart(Row):
    """A part of a result that was applied under a lease."""

    __tablename__ = "result_parts"
    __table_args__ = (Index("ix_result_parts_job_id", "job_id"),)
    lease_token: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    entities: Mapped[int] = mapped_column(BigInteger)
    relationships: Mapped[int] = mapped_column(BigInteger)
    mentions: Mapped[int] = mapped_column(BigInteger)
    embeddings: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    job: Mapped[Job] = parent("result_parts")
