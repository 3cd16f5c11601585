"""Results of workers: what all versions share, and version 1 (`groundwork/extraction-result/1`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from groundwork_core.knowledge.entity_types import (
    RELATIONSHIP_TYPE_PATTERN,
    EntityType,
)
from groundwork_core.knowledge.keys import key_of, name_of
from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import INTEGRAL, Moment

RESULT_CONTRACT: Literal["groundwork/extraction-result/1"] = "groundwork/extraction-result/1"
MAX_ENTITIES = 2_000
MAX_RELATIONSHIPS = 5_000
MAX_MENTIONS = 5_000
PROVENANCE_DOCUMENTS = 20
"""Maximum documents in the provenance of a row; `mentions` has all of them."""
NO_NUL = r"^[^\u0000]*$"

Confidence = Annotated[float, Field(ge=0, le=1, strict=True)]
Text = Annotated[str, Field(pattern=NO_NUL)]
Short = Annotated[Text, Field(min_length=1, max_length=1000)]
Ref = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class ContractModel(BaseModel):
    """Base of the parts of a result. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class StatedEntity(ContractModel):
    """An entity. Statements with the same type and key mean the same entity."""

    ref: Ref = Field(description="Its name within this result.")
    type: EntityType
    key: Annotated[Short, AfterValidator(key_of)] = Field(
        description="Identifies the entity within its type. Stored in Unicode NFC, case-folded."
    )
    name: Annotated[Short, AfterValidator(name_of)]
    confidence: Confidence = 1.0
    aliases: tuple[Annotated[Short, AfterValidator(name_of)], ...] = Field((), max_length=50)
    attributes: JsonObject = Field(default_factory=dict)


class StatedRelationship(ContractModel):
    """A directed relationship between two entities of this result, with its time of validity."""

    ref: Ref | None = Field(None, description="Its name within this result, for mentions.")
    from_ref: Ref = Field(alias="from")
    to_ref: Ref = Field(alias="to")
    type: str = Field(pattern=RELATIONSHIP_TYPE_PATTERN)
    confidence: Confidence = 1.0
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    attributes: JsonObject = Field(default_factory=dict)

    @model_validator(mode="after")
    def _lasts(self) -> StatedRelationship:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            message = "valid_from must be before valid_to"
            raise ValueError(message)
        return self


class MentionOfRef(ContractModel):
    """The fields of mentions in all versions."""

    ref: Ref = Field(description="The ref of the entity or relationship.")
    role: Text = Field("", max_length=100, description="author, publisher, category, link, …")
    evidence: Text = Field("", max_length=1000, description="The text passage that states it.")


class StatedMention(MentionOfRef):
    """A mention of an entity or relationship of this result in the document."""

    confidence: Confidence = 1.0


class StatedResult(ContractModel):
    """The fields of results in all versions."""

    contract: str
    job_id: UUID
    attempt: Annotated[int, Field(ge=1, strict=True), INTEGRAL]
    worker: Text = Field(
        min_length=1, max_length=200, description="Name and version of the worker."
    )
    lease_token: UUID | None = Field(
        None, description="The lease's token: a result of a job that another worker has is ignored."
    )
    entities: tuple[StatedEntity, ...] = ()
    relationships: tuple[StatedRelationship, ...] = ()
    mentions: tuple[MentionOfRef, ...] = ()

    @model_validator(mode="after")
    def _refs_hold(self) -> Self:
        entities = [entity.ref for entity in self.entities]
        edges = [edge.ref for edge in self.relationships if edge.ref is not None]
        refs = {*entities, *edges}
        if len(refs) < len(entities) + len(edges):
            message = "a ref is used twice"
            raise ValueError(message)
        known = frozenset(entities)
        for edge in self.relationships:
            if edge.from_ref not in known or edge.to_ref not in known:
                message = f"a relationship names an entity that is not in the result: {edge.type}"
                raise ValueError(message)
        for mention in self.mentions:
            if mention.ref not in refs:
                message = f"a mention names a ref that is not in the result: {mention.ref}"
                raise ValueError(message)
        return self


class ExtractionResult(StatedResult):
    """All statements that a worker found in one document. A repeated result has no effect."""

    contract: Literal["groundwork/extraction-result/1"]
    entities: tuple[StatedEntity, ...] = Field((), max_length=MAX_ENTITIES)
    relationships: tuple[StatedRelationship, ...] = Field((), max_length=MAX_RELATIONSHIPS)
    mentions: tuple[StatedMention, ...] = Field((), max_length=MAX_MENTIONS)
