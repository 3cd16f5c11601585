"""Contents, their distributions and deliveries."""

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
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.bounds import (
    CONTENT_BYTES_MAX,
    ERROR_BYTES_MAX,
    SHORT_BYTES,
    json_bound,
)
from groundwork_data.postgres.tables.links import children, parent, shown
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.embeddings import Embedding
    from groundwork_data.postgres.tables.engagements import Engagement, EngagementSum
    from groundwork_data.postgres.tables.publishers import DistributionHandover

EMPTY = text("'{}'")


class Content(Aggregate, Row):
    """A text to publish, in its current version."""

    __tablename__ = "contents"
    __table_args__ = (
        CheckConstraint("length(title) BETWEEN 1 AND 500", name="title"),
        CheckConstraint("length(body) <= 1000000", name="body"),
        CheckConstraint("length(format) BETWEEN 1 AND 100", name="format"),
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
        json_bound("metadata"),
        CheckConstraint(
            f"octet_length(body) + octet_length(metadata::text) <= {SHORT_BYTES}"
            " OR octet_length(to_json(body)::text) + octet_length(metadata::text)"
            f" <= {CONTENT_BYTES_MAX}",
            name="body_bytes",
        ),
        Index("ix_contents_search", "search", postgresql_using="gin"),
        Index("ix_contents_title_id", "title", "id"),
        Index("ix_contents_status_id", "status", "id"),
        Index(
            "ix_contents_title_trigrams",
            literal_column("groundwork_fold(title)").label("folded"),
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )
    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    format: Mapped[str] = mapped_column(server_default="markdown")
    status: Mapped[str] = mapped_column(server_default="draft")
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default=EMPTY)
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed("groundwork_vector(metadata ->> 'language', title, '', body)", persisted=True),
        deferred=True,
    )
    """The words of its first 120,000 characters, as its language reduces them."""

    versions: Mapped[list[ContentVersion]] = children("content", order_by="ContentVersion.version")
    distributions: Mapped[list[Distribution]] = children("content")
    embeddings: Mapped[list[Embedding]] = shown("content")


class ContentVersion(Row):
    """An earlier version of a content, written by a trigger."""

    __tablename__ = "content_versions"
    __table_args__ = (
        Index("uq_content_versions_version", "content_id", "version", unique=True),
        Index("ix_content_versions_content_id_id", "content_id", "id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    content_id: Mapped[UUID] = mapped_column(ForeignKey("contents.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str]
    body: Mapped[str]
    format: Mapped[str]
    status: Mapped[str]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    content: Mapped[Content] = parent("versions")


class Distribution(Aggregate, Row):
    """An order to publish a content on a channel."""

    __tablename__ = "distributions"
    __table_args__ = (
        CheckConstraint("length(channel) BETWEEN 1 AND 100", name="channel"),
        CheckConstraint("jsonb_typeof(spec) = 'object'", name="spec"),
        json_bound("spec"),
        CheckConstraint(
            "status IN ('draft', 'scheduled', 'sending', 'sent', 'failed', 'cancelled')",
            name="status",
        ),
        Index("ix_distributions_content_id_id", "content_id", "id"),
        Index("ix_distributions_status_id", "status", "id"),
        Index("ix_distributions_channel_id", "channel", "id"),
        Index("ix_distributions_scheduled_at_id", "scheduled_at", "id"),
        CheckConstraint("jsonb_typeof(error) = 'object'", name="error"),
        json_bound("error", ERROR_BYTES_MAX),
        Index(
            "ix_distributions_due",
            text("scheduled_at NULLS FIRST"),
            "id",
            postgresql_where=text("status = 'scheduled'"),
        ),
    )
    # A distributed content is archived, not deleted, to keep a record of what was sent.
    content_id: Mapped[UUID] = mapped_column(ForeignKey("contents.id"))
    channel: Mapped[str]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)
    scheduled_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(server_default="scheduled")
    content_version: Mapped[int | None] = mapped_column(BigInteger)
    """The published version that is sent."""
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Reason that the last attempt failed."""

    content: Mapped[Content] = parent("distributions")
    deliveries: Mapped[list[Delivery]] = children("distribution")
    engagements: Mapped[list[Engagement]] = children("distribution")
    engagement_sums: Mapped[list[EngagementSum]] = children("distribution")
    handover: Mapped[DistributionHandover | None] = children("distribution")


class Delivery(Aggregate, Row):
    """The delivery of a distribution to one recipient."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("length(recipient) BETWEEN 1 AND 600", name="recipient"),
        CheckConstraint("status IN ('pending', 'sent', 'delivered', 'failed')", name="status"),
        CheckConstraint("attempt BETWEEN 0 AND 1000", name="attempt"),
        CheckConstraint("jsonb_typeof(error) = 'object'", name="error"),
        json_bound("error", ERROR_BYTES_MAX),
        CheckConstraint("length(external_id) BETWEEN 1 AND 300", name="external_id"),
        # A conflict names the first column.
        Index("uq_deliveries_recipient", "recipient", "distribution_id", unique=True),
        Index("uq_deliveries_external_id", "external_id", "distribution_id", unique=True),
        Index("ix_deliveries_distribution_id_id", "distribution_id", "id"),
        Index("ix_deliveries_recipient_id", "recipient", "id"),
        Index("ix_deliveries_status_id", "status", "id"),
        Index(
            "ix_deliveries_under_way",
            "distribution_id",
            postgresql_where=text("status IN ('pending', 'sent')"),
        ),
    )
    distribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("distributions.id", ondelete="CASCADE")
    )
    recipient: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempt: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    external_id: Mapped[str | None]
    """The id that the channel gave it."""
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    state_at: Mapped[datetime | None]
    """The time at which the status was reached, according to the publisher's callbacks."""

    distribution: Mapped[Distribution] = parent("deliveries")
