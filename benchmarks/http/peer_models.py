"""What the FastAPI peers answer, and the table they read: the usual way to write it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class EntityOut(BaseModel):
    """An entity as the API shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    type: str
    confidence: float
    key: str | None
    aliases: list[str]
    attributes: dict[str, Any]
    provenance: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class EntityPage(BaseModel):
    """A page of entities."""

    items: list[EntityOut]
    next_cursor: str | None
