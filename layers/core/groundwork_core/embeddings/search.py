"""Search the nearest neighbours of a vector or a subject."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from groundwork_core.embeddings.ports import Among, EmbeddingsWork
from groundwork_core.embeddings.resource import ModelName, SubjectType, Vector
from groundwork_core.errors import Fault, Invalid
from groundwork_core.knowledge.entity_types import EntityType
from groundwork_core.resources.field_types import INTEGRAL, Moment
from groundwork_core.resources.resource import Input

FOUND_MAX = 200
SUBJECTS_MAX = 1_000


class SearchFilter(Input):
    """Limits a search to the subjects that match all given fields."""

    subject_type: SubjectType | None = None
    subject_ids: (
        Annotated[tuple[UUID, ...], Field(fail_fast=True, min_length=1, max_length=SUBJECTS_MAX)]
        | None
    ) = Field(None, description="Search only these subjects.")
    entity_type: EntityType | None = Field(None, description="Search entities of this type.")
    source_id: UUID | None = Field(None, description="Search documents of this source.")
    after: Moment | None = Field(
        None,
        description="Documents published from this time on; other subjects by when they were"
        " created.",
    )
    before: Moment | None = Field(
        None, description="Search subjects from before this time; see `after`."
    )


class Search(Input):
    """A search by a vector, or by the vector of a subject."""

    model: ModelName
    vector: Vector | None = None
    subject_id: UUID | None = None
    filter: SearchFilter = Field(default_factory=SearchFilter)
    k: Annotated[int, Field(ge=1, le=FOUND_MAX), INTEGRAL] = Field(
        10, description="The maximum number of results."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Search:
        if (self.vector is None) == (self.subject_id is None):
            message = "must have either a vector or a subject_id"
            raise ValueError(message)
        return self


class Near(BaseModel):
    """A subject with its cosine similarity (at most 1)."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    subject_type: SubjectType
    subject_id: UUID
    score: float


class Found(BaseModel):
    """The results, nearest first."""

    model_config = ConfigDict(defer_build=True)

    items: list[Near]


def search(asked: Search, *, work: EmbeddingsWork) -> Found:
    """Return the subjects with the most similar vectors of the same model.

    Raises:
        Invalid: the model has no embeddings, the subject has none by it, or the vector has
            other dimensions.
    """
    with work:
        subject = asked.subject_id
        known = work.embeddings.known(asked.model, subject, asked.k)
        if known is not None and known.vector is None and subject is not None:
            subject = work.survivors.of([subject]).get(subject)
            known = work.embeddings.known(asked.model, subject, asked.k)
        if known is None:
            raise _invalid("/model", "has no embeddings")
        if asked.vector is None:
            vector = known.vector
            if vector is None:
                raise _invalid("/subject_id", "has no embedding by this model")
        else:
            if len(asked.vector) != known.dimensions:
                raise _invalid("/vector", f"must have {known.dimensions} dimensions")
            vector = str(list(asked.vector))
        found = work.embeddings.nearest(
            asked.model,
            known,
            vector,
            besides=subject,
            among=_among(asked.filter, work),
            count=asked.k,
        )
    return Found(items=[Near.model_validate(one, from_attributes=True) for one in found])


def _among(wanted: SearchFilter, work: EmbeddingsWork) -> Among:
    """Return the filter, with the survivors added to the ids of merged entities."""
    ids = wanted.subject_ids
    if ids is not None:
        ids = tuple({*ids, *work.survivors.of(ids).values()})
    return Among(
        wanted.subject_type,
        ids,
        wanted.entity_type,
        wanted.source_id,
        wanted.after,
        wanted.before,
    )


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid("The input is invalid; see errors.", (Fault(pointer, detail),))
