"""Subscriptions of sources at hubs (WebSub)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import parent
from groundwork_data.postgres.tables.row import Row
from groundwork_data.postgres.tables.sources import ENCRYPTED_RULE

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.sources import Source


class PushSubscription(Row):
    """The subscription of one source."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        CheckConstraint("length(hub) <= 2048", name="hub"),
        CheckConstraint("length(topic) <= 2048", name="topic"),
        CheckConstraint(
            "status IN ('wanted', 'asked', 'active', 'refused', 'distrusted')", name="status"
        ),
        CheckConstraint(ENCRYPTED_RULE, name="encrypted"),
        Index("ix_push_subscriptions_next_try_at", "next_try_at"),
        Index("uq_push_subscriptions_callback_id", "callback_id", unique=True),
    )
    source_id: Mapped[UUID] = mapped_column(
        ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True
    )
    callback_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    """A part of the callback's address that cannot be guessed."""
    hub: Mapped[str]
    topic: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="wanted")
    encrypted: Mapped[str | None]
    """The secret that signs pushes."""
    until: Mapped[datetime | None]
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    tries: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    confirmed_at: Mapped[datetime | None]
    pushed_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    missed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Polls that found what was not pushed."""

    source: Mapped[Source] = parent("push")
