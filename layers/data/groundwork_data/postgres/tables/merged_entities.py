"""Entities that were merged into others."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import parent
from groundwork_data.postgres.tables.row import Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.knowledge import Entity


class MergedEntity(Row):
    """A merged entity: its id and key refer to the survivor, which is never merged itself."""

    __tablename__ = "merged_entities"
    __table_args__ = (
        CheckConstraint("key = groundwork_fold(key)", name="key"),
        Index("uq_merged_entities_key", "key", "type", unique=True),
        Index("ix_merged_entities_into_id", "into_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    into_id: Mapped[UUID] = mapped_column(ForeignKey("entities.id", ondelete="CASCADE"))
    type: Mapped[str]
    key: Mapped[str | None]
    was: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The row of the entity before the merge."""
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Ids of the rows that moved to the survivor, and whole rows of those that were dropped."""
    carried: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """Entities that had been merged into it, and now refer to its survivor."""
    merged_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    into: Mapped[Entity] = parent("merged")
