"""The list of mentions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundwork_core.knowledge.entity_types import EntityType
from groundwork_core.knowledge.resources import Confidence
from groundwork_core.resources.resource import Filter, Resource, Sort


class MentionedEntity(BaseModel):
    """The mentioned entity."""

    id: UUID
    name: str
    type: EntityType


class Mention(BaseModel):
    """A statement of an entity or a relationship in a document."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    created_at: datetime
    document_id: UUID
    revision: int
    job_id: UUID | None
    entity_id: UUID | None
    relationship_id: UUID | None
    entity: MentionedEntity | None
    role: str
    evidence: str
    confidence: Confidence
    subject_confidence: Confidence = Field(
        description="The result's confidence in the entity or relationship itself."
    )
    stated_by: dict[str, str] = Field(
        description="`worker`, and `model` and `version` if the result names them."
    )


MENTIONS = Resource(
    name="mentions",
    singular="mention",
    model=Mention,
    removable=False,
    filters=(
        Filter("document_id", "id"),
        Filter("role"),
        Filter("min_confidence", "number", "at_least", column="confidence"),
    ),
    sorts={"confidence": Sort("number")},
)
