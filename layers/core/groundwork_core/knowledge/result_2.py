"""Version 2 of results of workers: the contract `groundwork/extraction-result/2`.

It adds embeddings, the author of each statement (`stated_by`), evidence of each statement, and
results in several parts.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from groundwork_core.embeddings.resource import (
    DIMENSIONS_MAX,
    LARGEST,
    MODEL_NAME_PATTERN,
    has_direction,
)
from groundwork_core.knowledge.model import (
    MAX_MENTIONS,
    MAX_RELATIONSHIPS,
    Confidence,
    ContractModel,
    MentionOfRef,
    Ref,
    StatedEntity,
    StatedRelationship,
    StatedResult,
    Text,
)
from groundwork_core.resources.field_types import INTEGRAL

RESULT_CONTRACT_2: Literal["groundwork/extraction-result/2"] = "groundwork/extraction-result/2"
STATEMENTS_MAX = 5_000
"""Entities, and embeddings, of one part; as many relationships and mentions as in version 1."""
PARTS_MAX = 1_000
DOCUMENT = "document"
"""The subject of an embedding that is the job's document; so no ref of an embedded entity."""

Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Vector = Annotated[
    tuple[Number, ...],
    Field(fail_fast=True, min_length=1, max_length=DIMENSIONS_MAX),
    AfterValidator(has_direction),
]


class StatedBy(ContractModel):
    """The model that made a statement, and its version."""

    model: Text = Field(min_length=1, max_length=200)
    version: Text | None = Field(None, min_length=1, max_length=100)


class Evidenced(ContractModel):
    """The author of a statement, and its evidence in the document."""

    evidence: Text = Field("", max_length=1000, description="The text passage that states it.")
    stated_by: StatedBy | None = Field(None, description="Default: that of the result.")


class EvidencedEntity(StatedEntity, Evidenced):
    """An entity. Statements with the same type and key mean the same entity."""


class EvidencedRelationship(StatedRelationship, Evidenced):
    """A directed relationship between two entities of this result, with its time of validity."""


class EvidencedMention(MentionOfRef):
    """A mention of an entity or relationship of this result in the document, with a role."""

    confidence: Confidence | None = Field(
        None, description="Default: that of the entity or relationship."
    )
    stated_by: StatedBy | None = Field(None, description="Default: that of the result.")


class StatedEmbedding(ContractModel):
    """The vector of the document or of an entity of this result; it replaces an earlier one."""

    subject: Ref = Field(description="`document`, or the ref of an entity.")
    model: str = Field(pattern=MODEL_NAME_PATTERN)
    vector: Vector


class ExtractionResult2(StatedResult):
    """The statements that a worker found in one document, or one part of them.

    Repeating a part under the same lease has no effect.
    """

    contract: Literal["groundwork/extraction-result/2"]
    stated_by: StatedBy | None = Field(
        None, description="The model and version behind every statement that names no other."
    )
    part: Annotated[int, Field(strict=True, ge=1, le=PARTS_MAX), INTEGRAL] | None = Field(
        None,
        description="The number of this part. A part with the same number is applied once, and the"
        " last part is taken once all before it are. Default: the next.",
    )
    partial: bool = Field(
        default=False,
        strict=True,
        description="More parts follow. It extends the lease; the job goes on.",
    )
    entities: tuple[EvidencedEntity, ...] = Field((), max_length=STATEMENTS_MAX)
    relationships: tuple[EvidencedRelationship, ...] = Field((), max_length=MAX_RELATIONSHIPS)
    mentions: tuple[EvidencedMention, ...] = Field((), max_length=MAX_MENTIONS)
    embeddings: tuple[StatedEmbedding, ...] = Field((), max_length=STATEMENTS_MAX)

    @model_validator(mode="after")
    def _parts_hold(self) -> Self:
        if self.lease_token is None and (self.partial or self.part is not None):
            message = "a part must name its lease_token"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _subjects_hold(self) -> Self:
        known = {DOCUMENT, *(entity.ref for entity in self.entities)}
        dimensions: dict[str, int] = {}
        seen: set[tuple[str, str]] = set()
        for one in self.embeddings:
            if one.subject not in known:
                message = f"an embedding names an entity that is not in the result: {one.subject}"
                raise ValueError(message)
            if (one.subject, one.model) in seen:
                message = f"a subject has two embeddings by one model: {one.subject}"
                raise ValueError(message)
            seen.add((one.subject, one.model))
            if dimensions.setdefault(one.model, len(one.vector)) != len(one.vector):
                message = f"embeddings by one model have different dimensions: {one.model}"
                raise ValueError(message)
        return self
