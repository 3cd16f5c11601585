"""Embeddings as a REST resource."""

from __future__ import annotations

from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from groundwork_core.resources.resource import Filter, Input, Representation, Resource

DIMENSIONS_MAX = 4_000
MODELS_MAX = 200
"""Each write considers the index of every model; the database has the same limit."""
LARGEST = 3.4e38
"""Vectors are stored in single precision (IEEE 754 binary32)."""
SMALLEST = 1e-45

MODEL_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$"

SubjectType = Literal["entity", "document", "content"]
ModelName = Annotated[
    str,
    StringConstraints(pattern=MODEL_NAME_PATTERN),
    Field(examples=["vendor/small-model-2"]),
]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


def has_direction(vector: tuple[float, ...]) -> tuple[float, ...]:
    """Return the vector unchanged. Raises ValueError if it is zero in single precision."""
    if all(-SMALLEST < one < SMALLEST for one in vector):
        message = "must not be zero in every dimension; a zero vector has no direction"
        raise ValueError(message)
    return vector


Vector = Annotated[
    tuple[Number, ...],
    Field(fail_fast=True, min_length=1, max_length=DIMENSIONS_MAX),
    AfterValidator(has_direction),
]


class Embedding(Representation):
    """The vector of a subject by a model; similar subjects have similar directions."""

    subject_type: SubjectType
    subject_id: UUID
    model: str
    vector: list[float]


class NewEmbedding(Input):
    """An embedding to create, one per subject and model. The first sets the model's dimensions."""

    subject_type: SubjectType
    subject_id: UUID
    model: ModelName
    vector: Vector


class EmbeddingPatch(Input):
    """Changes of an embedding. Subject and model cannot change."""

    vector: Vector = ()


EMBEDDINGS = Resource(
    name="embeddings",
    singular="embedding",
    model=Embedding,
    survives=("subject_id",),
    create=NewEmbedding,
    patch=EmbeddingPatch,
    filters=(
        Filter("subject_id", "id", survives=True),
        Filter("subject_type", choices=get_args(SubjectType)),
        Filter("model"),
    ),
)
