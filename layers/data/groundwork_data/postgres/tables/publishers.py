"""Publishers, their callbacks, and the distributions that they lease."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row
from groundwork_data.postgres.tables.sources import encrypted_column

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.publishing import Distribution


class Publisher(Aggregate, Row):
    """A system that reports deliveries in signed callbacks."""

    __tablename__ = "publishers"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        CheckConstraint("length(secret) BETWEEN 38 AND 100", name="secret"),
        CheckConstraint(
            "(previous_secret IS NULL) = (previous_until IS NULL)", name="previous_secret"
        ),
        Index("ix_publishers_name_id", "name", "id"),
        Index("ix_publishers_enabled_id", "enabled", "id"),
    )
    name: Mapped[str]
    secret: Mapped[str | None]
    """A secret as plain text, until it is moved to `publisher_secrets`."""
    previous_secret: Mapped[str | None]
    """The secret before it, as plain text, until it is moved as well."""
    previous_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))

    secrets: Mapped[PublisherSecret | None] = children("publisher")
    callbacks: Mapped[list[PublisherCallback]] = children("publisher")


class PublisherSecret(Row):
    """The secrets that sign a publisher's callbacks, encrypted. No trigger copies them."""

    __tablename__ = "publisher_secrets"
    __table_args__ = (
        CheckConstraint(encrypted_column("encrypted"), name="encrypted"),
        CheckConstraint(encrypted_column("previous"), name="previous"),
        CheckConstraint("(previous IS NULL) = (previous_until IS NULL)", name="previous_until"),
    )
    publisher_id: Mapped[UUID] = mapped_column(
        ForeignKey("publishers.id", ondelete="CASCADE"), primary_key=True
    )
    encrypted: Mapped[str]
    previous: Mapped[str | None]
    """The secret before the last rotation."""
    previous_until: Mapped[datetime | None]

    publisher: Mapped[Publisher] = parent("secrets")


class PublisherCallback(Row):
    """A callback that was accepted, so that its repetition changes nothing."""

    __tablename__ = "publisher_callbacks"
    __table_args__ = (Index("ix_publisher_callbacks_taken_at", "taken_at"),)
    publisher_id: Mapped[UUID] = mapped_column(
        ForeignKey("publishers.id", ondelete="CASCADE"), primary_key=True
    )
    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]

    publisher: Mapped[Publisher] = parent("callbacks")


class DistributionHandover(Row):
    """A distribution that is being sent: its message, and the publisher that has leased it."""

    __tablename__ = "distribution_handovers"
    __table_args__ = (
        CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease_token"),
        Index("ix_distribution_handovers_channel", "channel", "available_at", "distribution_id"),
        Index("ix_distribution_handovers_leased_until", "leased_until"),
    )
    distribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("distributions.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str]
    message: Mapped[dict[str, Any]] = mapped_column(JSONB)
    available_at: Mapped[datetime]
    """Earliest time of a lease; later than now after a failure."""
    attempts: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Leases that failed or expired."""
    worker: Mapped[str | None]
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]

    distribution: Mapped[Distribution] = parent("handover")
