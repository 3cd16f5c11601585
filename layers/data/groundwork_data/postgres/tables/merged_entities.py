"""Entities that were merged into others."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class MergedEntity(Row):
    """One that was merged: its id and key lead to the survivor, which is never merged itself."""

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
    """Its row, as it was."""
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What went to the survivor, by id; whole rows of what could not."""
    carried: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """Those that had been merged into it, and now lead to its survivor."""
    merged_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
