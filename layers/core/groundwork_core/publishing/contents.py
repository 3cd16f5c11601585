"""Contents as REST resources: what is written, and every version that it had."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundwork_core.resources.bounded_json import BoundedText, JsonObject
from groundwork_core.resources.field_types import Text, Word
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Status = Literal["draft", "published", "archived"]
ContentTitle = Annotated[Text, Field(min_length=1, max_length=500)]
Body = Annotated[BoundedText, Field(max_length=1_000_000)]
Metadata = JsonObject


class Content(Representation):
    """Something written, in its present version."""

    title: str
    body: str
    format: str
    status: Status
    metadata: Metadata


class NewContent(Input):
    """Something written. `format` is the writer's word for how the body is to be read."""

    title: ContentTitle
    body: Body = ""
    format: Word = "markdown"
    status: Status = "draft"
    metadata: Metadata = Field(default_factory=dict)


class ContentPatch(Input):
    """Changes of a content. Its status goes only where it may from where it is."""

    title: ContentTitle = ""
    body: Body = ""
    format: Word = ""
    status: Status = "draft"
    metadata: Metadata = Field(default_factory=dict)


class ContentMove(Input):
    """An act that moves a content to a status in which it is not yet."""

    status: Status


class ContentVersion(BaseModel):
    """What a content was from one change to the next."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    content_id: UUID
    version: int
    title: str
    format: str
    status: Status
    metadata: Metadata
    created_at: datetime


class WholeContentVersion(ContentVersion):
    """One version with its text."""

    body: str


CONTENTS = Resource(
    name="contents",
    singular="content",
    model=Content,
    create=NewContent,
    patch=ContentPatch,
    filters=(
        Filter("status", choices=get_args(Status)),
        Filter("q", operator="like", column="title"),
    ),
    sorts={"title": Sort("text")},
    merged={"metadata": merge_patch},
)
