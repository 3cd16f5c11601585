"""Engagements by month, their ids, how long they are kept, and their sums."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.publishing import Distribution


class Engagement(Aggregate, Row):
    """A count of one kind of engagement, such as opens, at one time.

    In partitions by month. `engagements`, which is named by the previous release only, is the one
    for all earlier months. An id is unique in its partition, and by `engagement_ids` in all.
    """

    __tablename__ = "raw_engagements"
    __table_args__ = (
        CheckConstraint("kind ~ '^[a-z][a-z0-9_-]{0,62}$'", name="kind"),
        CheckConstraint("count BETWEEN 0 AND 1000000000", name="count"),
        CheckConstraint("length(event_id) BETWEEN 1 AND 200", name="event_id"),
        CheckConstraint("length(agent) <= 500", name="agent"),
        CheckConstraint("length(recipient) BETWEEN 1 AND 600", name="recipient"),
        CheckConstraint("length(link) BETWEEN 1 AND 2048", name="link"),
        CheckConstraint(
            "automated_reason IN ('agent', 'soon', 'many_links')", name="automated_reason"
        ),
        Index("ix_raw_engagements_distribution_id_id", "distribution_id", "id"),
        Index("ix_raw_engagements_kind_id", "kind", "id"),
        Index("ix_raw_engagements_occurred_at_id", "occurred_at", "id"),
        Index("ix_raw_engagements_distribution_id_occurred_at", "distribution_id", "occurred_at"),
        Index(
            "ix_raw_engagements_recipient",
            "recipient",
            "distribution_id",
            "occurred_at",
            postgresql_where=text("link IS NOT NULL"),
        ),
    )
    distribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("distributions.id", ondelete="CASCADE")
    )
    kind: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    event_id: Mapped[str | None]
    """The client's id of the event; with the distribution, it makes the id (UUID version 5)."""
    agent: Mapped[str | None]
    """The program that acted, such as a User-Agent."""
    automated: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if a program acted without a person."""
    recipient: Mapped[str | None]
    """The recipient who acted, as in deliveries."""
    link: Mapped[str | None]
    """The link that was clicked."""
    automated_reason: Mapped[str | None]
    """Reason that it is automated: the agent, soon after the delivery, or many links at once."""

    distribution: Mapped[Distribution] = parent("engagements")


class EngagementSum(Row):
    """The sum of engagements of one kind with a distribution, in one hour or day (UTC).

    Triggers update it. It remains when the engagements are deleted.
    """

    __tablename__ = "engagement_sums"
    __table_args__ = (CheckConstraint("bucket IN ('hour', 'day')", name="bucket"),)
    distribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("distributions.id", ondelete="CASCADE"), primary_key=True
    )
    bucket: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)
    human: Mapped[int] = mapped_column(BigInteger)
    engagements: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]

    distribution: Mapped[Distribution] = parent("engagement_sums")


class EngagementId(Row):
    """The id of an engagement, and when it occurred; triggers keep them.

    Partitions by month cannot make an id unique in all of them.
    """

    __tablename__ = "engagement_ids"
    __table_args__ = (Index("ix_engagement_ids_occurred_at", "occurred_at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime]


class EngagementRetention(Row):
    """The time from which engagements are kept: one row, which retention writes."""

    __tablename__ = "engagement_retention"
    __table_args__ = (CheckConstraint("name = 'engagements'", name="name"),)
    name: Mapped[str] = mapped_column(primary_key=True, server_default="engagements")
    kept_from: Mapped[datetime]
    """Engagements before this time are refused and removed; their sums stay."""
    monthly_from: Mapped[datetime]
    """The time from which each month has its own partition."""
