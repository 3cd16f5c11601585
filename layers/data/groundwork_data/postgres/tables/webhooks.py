"""Webhooks, their messages and attempts, and the state of their endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row
from groundwork_data.postgres.tables.sources import encrypted_column

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.identity import User


class Webhook(Aggregate, Row):
    """An endpoint that receives events."""

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("url ~* '^https?://' AND length(url) <= 2048", name="url"),
        CheckConstraint("cardinality(events) BETWEEN 1 AND 100", name="events"),
        CheckConstraint("length(secret) >= 32", name="secret"),
        CheckConstraint("max_in_flight BETWEEN 1 AND 20", name="max_in_flight"),
        Index("ix_webhooks_enabled_id", "enabled", "id"),
        Index("ix_webhooks_owner_id", "owner_id"),
    )
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[str | None]
    """A secret of before they were encrypted, until a sender has moved it to `webhook_secrets`."""
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    """Whose rights decide what is sent."""
    max_in_flight: Mapped[int] = mapped_column(BigInteger, server_default=text("2"))

    owner: Mapped[User | None] = parent("webhooks")
    secrets: Mapped[WebhookSecret | None] = children("webhook")
    state: Mapped[WebhookEndpointState | None] = children("webhook")
    messages: Mapped[list[WebhookMessage]] = children("webhook")
    attempts: Mapped[list[WebhookAttempt]] = children("webhook")


class WebhookSecret(Row):
    """The secrets that sign a webhook's messages, encrypted. No trigger copies them."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        CheckConstraint(encrypted_column("encrypted"), name="encrypted"),
        CheckConstraint(encrypted_column("previous"), name="previous"),
        CheckConstraint("(previous IS NULL) = (previous_until IS NULL)", name="previous_until"),
    )
    webhook_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    encrypted: Mapped[str]
    previous: Mapped[str | None]
    """The secret before the last rotation; it signs as well until then."""
    previous_until: Mapped[datetime | None]

    webhook: Mapped[Webhook] = parent("secrets")


class WebhookEndpointState(Row):
    """The state of an endpoint, and the sender that has leased it.

    Not part of the webhook's version.
    """

    __tablename__ = "webhook_states"
    __table_args__ = (
        CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease_token"),
    )
    webhook_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    failures: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Number of consecutive failures."""
    failing_since: Mapped[datetime | None]
    last_status: Mapped[int | None] = mapped_column(BigInteger)
    open_until: Mapped[datetime | None]
    """The time until which nothing is sent."""
    warned_at: Mapped[datetime | None]
    disabled_for_failures: Mapped[bool] = mapped_column(server_default=text("false"))
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]

    webhook: Mapped[Webhook] = parent("state")


class WebhookMessage(Row):
    """One event for one webhook. The event itself is the outbox row."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'delivered', 'failed', 'held', 'withheld', 'expired')",
            name="status",
        ),
        Index("uq_webhook_messages_event", "webhook_id", "outbox_id", "type", unique=True),
        Index("ix_webhook_messages_outbox_id", "outbox_id"),
        Index(
            "ix_webhook_messages_due",
            "webhook_id",
            "due_at",
            "place",
            postgresql_where=text("status = 'pending'"),
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    """The `webhook-id` of the message in all attempts."""
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    outbox_id: Mapped[int] = mapped_column(BigInteger)
    """No foreign key: retention keeps outbox rows that messages refer to."""
    type: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    """`held`: we had disabled the webhook; `withheld`: its owner may not read the item."""
    attempts: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    due_at: Mapped[datetime]
    place: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    """The order of those that are due at the same time."""

    webhook: Mapped[Webhook] = parent("messages")


class WebhookAttempt(Row):
    """One attempt to send a message."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        CheckConstraint("length(error) <= 500", name="error"),
        CheckConstraint("length(response) <= 1024", name="response"),
        Index("ix_webhook_attempts_webhook_id_id", "webhook_id", "id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    message_id: Mapped[UUID]
    type: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str | None]
    response: Mapped[str | None]

    webhook: Mapped[Webhook] = parent("attempts")


class OutboxRetention(Row):
    """Position of retention in the outbox; rows before it remain only for webhooks."""

    __tablename__ = "outbox_retention"
    name: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    """The epoch of the position; after a restore, rows have other transaction numbers."""
    xid: Mapped[int] = mapped_column(BigInteger)
    id: Mapped[int] = mapped_column(BigInteger)
