"""The inputs and answers of the FastAPI peers, and the writes of the two with an ORM.

They work as FastAPI is mostly used: rows are read through the ORM and shown through Pydantic. A
change locks its row, compares the version, and writes the outbox row and the audit row in the same
transaction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from groundwork_data.postgres.tables import AuditEvent, Entity, OutboxEntry

EntityType = Literal[
    "person", "organization", "location", "event", "product", "work", "topic", "website", "other"
]


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


class NewEntity(BaseModel):
    """An entity to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=1_000)
    type: EntityType
    confidence: float = Field(1.0, ge=0, le=1)
    key: str | None = None
    aliases: list[str] = []
    attributes: dict[str, Any] = {}


class EntityPatch(BaseModel):
    """Changes of an entity."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    confidence: float | None = Field(None, ge=0, le=1)
    key: str | None = None
    aliases: list[str] | None = None


def shown(entity: Entity) -> dict[str, Any]:
    """Return an entity as JSON, for the outbox and the audit log."""
    return EntityOut.model_validate(entity).model_dump(mode="json")


def etag(entity: Entity) -> str:
    """Return the header's value."""
    return f'"{entity.version}"'


def change(entity: Entity | None, patch: EntityPatch, if_match: str) -> dict[str, Any]:
    """Apply a patch to the version that it means; return what was there before."""
    if entity is None:
        raise HTTPException(404)
    if if_match != etag(entity):
        raise HTTPException(412)
    before = shown(entity)
    for name, value in patch.model_dump(exclude_unset=True).items():
        setattr(entity, name, value)
    entity.version += 1
    entity.updated_at = datetime.now(UTC)
    return before


def trail(
    entity: Entity, kind: str, user: str, before: dict[str, Any] | None
) -> tuple[OutboxEntry, AuditEvent]:
    """Make the outbox row and the audit row of a write."""
    after = shown(entity)
    outbox = OutboxEntry(
        aggregate="entities",
        aggregate_id=entity.id,
        version=entity.version,
        kind=kind,
        data=after,
    )
    audit = AuditEvent(
        action=f"entities.{kind}",
        actor=f"user:{user}",
        actor_id=UUID(user),
        subject_type="entities",
        subject_id=entity.id,
        before=before,
        after=after,
    )
    return outbox, audit
