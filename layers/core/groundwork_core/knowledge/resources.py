"""Entities and relationships as REST resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from groundwork_core.knowledge.entity_types import (
    ENTITY_TYPES,
    RELATIONSHIP_TYPE_PATTERN,
    EntityType,
)
from groundwork_core.knowledge.keys import key_of, name_of
from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import Moment, Text
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
INDEXED_BYTES = 2_600
"""Maximum bytes of an indexed text: a third of a page, less the rest of an index entry."""


def _indexable(text: str) -> str:
    if len(text) * 4 > INDEXED_BYTES and len(text.encode()) > INDEXED_BYTES:
        message = f"must take at most {INDEXED_BYTES:,} bytes as UTF-8"
        raise ValueError(message)
    return text


_Short = Annotated[Text, Field(min_length=1, max_length=1_000)]
EntityName = Annotated[
    _Short,
    AfterValidator(name_of),
    AfterValidator(_indexable),
    Field(description=f"At most {INDEXED_BYTES:,} bytes as UTF-8."),
]
EntityKey = Annotated[
    _Short,
    AfterValidator(key_of),
    AfterValidator(_indexable),
    Field(
        description=f"At most {INDEXED_BYTES:,} bytes as UTF-8; stored in Unicode NFC, case-folded."
    ),
]
EdgeType = Annotated[str, StringConstraints(pattern=RELATIONSHIP_TYPE_PATTERN)]
Aliases = Annotated[tuple[EntityName, ...], Field(fail_fast=True, max_length=1_000)]
Attributes = JsonObject


class Entity(Representation):
    """A person, organization, topic or another entity that documents mention."""

    name: str
    type: EntityType
    confidence: Confidence
    key: str | None
    aliases: list[str]
    attributes: Attributes
    provenance: Attributes


class NewEntity(Input):
    """An entity to create. Type and key together are unique."""

    name: EntityName
    type: EntityType
    confidence: Confidence = 1.0
    key: EntityKey | None = None
    aliases: Aliases = ()
    attributes: Attributes = Field(default_factory=dict)


class EntityPatch(Input):
    """Changes of an entity."""

    name: EntityName = ""
    type: EntityType = "other"
    confidence: Confidence = 1.0
    key: EntityKey | None = None
    aliases: Aliases = ()
    attributes: Attributes = Field(default_factory=dict)


class Merge(Input):
    """The entity to merge into, which survives."""

    into: UUID


class Relationship(Representation):
    """A typed, directed relationship between two entities, with its time of validity."""

    from_id: UUID
    to_id: UUID
    type: EdgeType
    confidence: Confidence
    valid_from: datetime | None
    valid_to: datetime | None
    attributes: Attributes
    provenance: Attributes


class NewRelationship(Input):
    """A relationship to create. Ends, type and valid_from together are unique."""

    from_id: UUID
    to_id: UUID
    type: EdgeType
    confidence: Confidence = 1.0
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    attributes: Attributes = Field(default_factory=dict)


class RelationshipPatch(Input):
    """Changes of a relationship. Its ends cannot change."""

    type: EdgeType = ""
    confidence: Confidence = 1.0
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    attributes: Attributes = Field(default_factory=dict)


ENTITIES = Resource(
    name="entities",
    singular="entity",
    model=Entity,
    removes=("relationships",),
    mergeable=True,
    create=NewEntity,
    patch=EntityPatch,
    filters=(
        Filter("type", choices=ENTITY_TYPES),
        Filter("min_confidence", "number", "at_least", column="confidence"),
        Filter("q", operator="like", column="name"),
        Filter("key"),
    ),
    sorts={
        "name": Sort("text"),
        "confidence": Sort("number"),
        "key": Sort("text", nullable=True),
    },
    merged={"attributes": merge_patch},
)

RELATIONSHIPS = Resource(
    name="relationships",
    singular="relationship",
    model=Relationship,
    survives=("from_id", "to_id"),
    create=NewRelationship,
    patch=RelationshipPatch,
    filters=(
        Filter("from_id", "id", survives=True),
        Filter("to_id", "id", survives=True),
        Filter("entity_id", "id", column="ends", survives=True),
        Filter("type"),
        Filter("min_confidence", "number", "at_least", column="confidence"),
    ),
    sorts={
        "confidence": Sort("number"),
        "valid_from": Sort("moment", nullable=True),
        "valid_to": Sort("moment", nullable=True),
    },
    merged={"attributes": merge_patch},
)
