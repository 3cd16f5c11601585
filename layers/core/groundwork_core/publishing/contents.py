"""Contents and their versions as REST resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundwork_core.resources.bounded_json import BoundedText, JsonObject
from groundwork_core.resources.field_types import Text, Word
from groundwork_core.resources.highlights import Highlights
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Status = Literal["draft", "published", "archived"]
ContentTitle = Annotated[Text, Field(min_length=1, max_length=500)]
Body = Annotated[BoundedText, Field(max_length=1_000_000)]
Metadata = JsonObject


class Content(Representation):
    """A text to publish, in its current version."""

    title: str
    body: str
    format: str
    status: Status
    metadata: Metadata
    rank: float | None = Field(
        description="How well the resource matches; only in a list with `q`."
    )
    highlights: Highlights | None = Field(description="Only in a list with `q`.")


class NewContent(Input):
    """A text to create. `format` names the format of the body, such as `markdown`."""

    title: ContentTitle
    body: Body = ""
    format: Word = "markdown"
    status: Status = "draft"
    metadata: Metadata = Field(default_factory=dict)


class ContentPatch(Input):
    """Changes of a content. Its status may only change along allowed transitions."""

    title: ContentTitle = ""
    body: Body = ""
    format: Word = ""
    status: Status = "draft"
    metadata: Metadata = Field(default_factory=dict)


class ContentMove(Input):
    """The status to move a content to."""

    status: Status


class ContentVersion(BaseModel):
    """The state of a content in one version, without its body."""

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
    """A version of a content, with its body."""

    body: str


CONTENTS = Resource(
    name="contents",
    singular="content",
    model=Content,
    create=NewContent,
    patch=ContentPatch,
    filters=(
        Filter("status", choices=get_args(Status)),
        Filter("q", operator="search"),
    ),
    sorts={"title": Sort("text")},
    merged={"metadata": merge_patch},
)
