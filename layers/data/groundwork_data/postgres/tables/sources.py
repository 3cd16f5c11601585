"""Sources and the state of polling them."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.documents import Document
    from groundwork_data.postgres.tables.push import PushSubscription

SCHEDULE_RULE = """
CASE schedule ->> 'kind'
WHEN 'interval' THEN jsonb_typeof(schedule -> 'every_seconds') = 'number'
    AND (schedule ->> 'every_seconds')::numeric BETWEEN 1 AND 31536000
WHEN 'cron' THEN jsonb_typeof(schedule -> 'expression') = 'string'
    AND jsonb_typeof(schedule -> 'timezone') = 'string'
WHEN 'adaptive' THEN jsonb_typeof(schedule -> 'min_seconds') = 'number'
    AND jsonb_typeof(schedule -> 'max_seconds') = 'number'
    AND (schedule ->> 'min_seconds')::numeric BETWEEN 1 AND (schedule ->> 'max_seconds')::numeric
ELSE false END
"""


URL_RULE = """
url ~ '^https?://[^/?#@A-Z[:space:][:cntrl:]]+/[^#[:space:][:cntrl:]]*$' AND length(url) <= 2048
"""
"""A pattern of URLs in normal form (`groundwork_core.web.address`)."""


ENCRYPTED_RULE = "encrypted ~ '^gw1[.][0-9a-f-]{36}[.][A-Za-z0-9_=-]+$'"
"""The form of encrypted secrets (`groundwork_data.encryption.aes_gcm`); plain text is refused."""


def encrypted_column(column: str) -> str:
    """Return the check constraint of a column with short encrypted secrets."""
    return f"{ENCRYPTED_RULE.replace('encrypted', column)} AND octet_length({column}) <= 2000"


class Source(Aggregate, Row):
    """A source as its owner configured it."""

    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        CheckConstraint(URL_RULE, name="url"),
        CheckConstraint("kind IN ('feed', 'page', 'sitemap', 'api')", name="kind"),
        CheckConstraint("octet_length(config::text) <= 20000", name="config_bytes"),
        CheckConstraint(SCHEDULE_RULE, name="schedule"),
        Index("uq_sources_url", "url", unique=True),
        Index("ix_sources_name", "name", "id"),
        Index("ix_sources_enabled_id", "enabled", "id"),
        Index("ix_sources_tags", "tags", postgresql_using="gin"),
        Index(
            "ix_sources_name_trigrams",
            literal_column("groundwork_fold(name)").label("folded"),
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )
    name: Mapped[str]
    url: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="feed")
    schedule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    freshness_seconds: Mapped[int | None] = mapped_column(BigInteger)
    """The objective; NULL: twice the usual pause."""
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    config: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Settings for reading a page or an API (`sources.kinds`)."""
    has_credentials: Mapped[bool] = mapped_column(server_default=text("false"))

    state: Mapped[SourceState | None] = children("source")
    push: Mapped[PushSubscription | None] = children("source")
    documents: Mapped[list[Document]] = children("source")
    credentials: Mapped[SourceCredentials | None] = children("source")


class SourceCredentials(Row):
    """The credentials of a source, encrypted. A separate row, which no trigger copies."""

    __tablename__ = "source_credentials"
    __table_args__ = (
        CheckConstraint(ENCRYPTED_RULE, name="encrypted"),
        CheckConstraint("octet_length(encrypted) <= 20000", name="encrypted_bytes"),
    )
    source_id: Mapped[UUID] = mapped_column(
        ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True
    )
    encrypted: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    source: Mapped[Source] = parent("credentials")


DUE_AT = """
CASE WHEN NOT enabled THEN NULL
WHEN claimed_until IS NOT NULL THEN claimed_until
WHEN asked_ticket IS NOT NULL THEN to_timestamp(0)
ELSE next_poll_at END
"""
"""Earliest time of the next claim; NULL: never, since the source is disabled."""


class SourceState(Row):
    """The polling state of a source. A separate row, because a poll is not a new version."""

    __tablename__ = "source_states"
    __table_args__ = (
        CheckConstraint(
            "status IN ('new', 'pending', 'ok', 'unchanged', 'throttled', 'blocked', 'gone',"
            " 'moved', 'failing', 'disabled')",
            name="status",
        ),
        CheckConstraint("length(host) <= 253", name="host"),
        CheckConstraint("length(redirect_to) <= 2048", name="redirect_to"),
        CheckConstraint("length(moved_to) <= 2048", name="moved_to"),
        CheckConstraint("octet_length(onward::text) <= 10000", name="onward_bytes"),
        CheckConstraint("failures >= 0 AND polls >= 0 AND documents >= 0", name="counts"),
        CheckConstraint("(ticket IS NULL) = (claimed_until IS NULL)", name="claim"),
        Index("ix_source_states_host_due_at", "host", "due_at"),
        Index("ix_source_states_due_at", "due_at"),
        Index(
            "ix_source_states_host_claimed_until",
            "host",
            "claimed_until",
            postgresql_where=text("claimed_until IS NOT NULL"),
        ),
        Index("ix_source_states_status_source_id", "status", "source_id"),
    )
    source_id: Mapped[UUID] = mapped_column(
        ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[str] = mapped_column(server_default="pending")
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    """A copy of the source's `enabled`, which a trigger maintains."""
    host: Mapped[str] = mapped_column(server_default="")
    """The host that is asked; the key of `hosts`."""
    next_poll_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    next_poll_reason: Mapped[str] = mapped_column(server_default="new")
    next_poll_inputs: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """The inputs of planning the next poll, to explain its time."""
    last_poll_at: Mapped[datetime | None]
    last_changed_at: Mapped[datetime | None]
    ticket: Mapped[UUID | None]
    """The current fetch, running or waiting; a result with another ticket is too late."""
    claimed_until: Mapped[datetime | None]
    fetch_at: Mapped[datetime | None]
    """Earliest time of the claimed fetch; its message is delayed until then."""
    fetching_until: Mapped[datetime | None]
    """While a worker has the fetch; another worker with the same ticket leaves it alone."""
    asked_ticket: Mapped[UUID | None]
    """The ticket of a fetch that a user asked for, until its host is free."""
    due_at: Mapped[datetime | None] = mapped_column(Computed(DUE_AT, persisted=True))
    http_status: Mapped[int | None] = mapped_column(BigInteger)
    redirect_to: Mapped[str | None]
    """The target of the permanent redirect that is seen now; not yet asked instead."""
    redirect_since: Mapped[datetime | None]
    moved_to: Mapped[str | None]
    """The address that is requested instead of the source's own."""
    onward: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The rest of the present poll after a redirect to another host."""
    last_success_at: Mapped[datetime | None]
    error_class: Mapped[str | None]
    error_message: Mapped[str | None]
    failures: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Number of consecutive failures."""
    polls: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    documents: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    redirects: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    over_budget: Mapped[bool] = mapped_column(server_default=text("false"))
    """Reading it took more CPU time than a source gets at first (`sources.reading_budget`)."""
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    feed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """The feed's own description: title, site, language."""

    source: Mapped[Source] = parent("state")
