"""Engagements as a REST resource: how often recipients opened, clicked and so on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundwork_core.resources.field_types import Moment
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Kind = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$"),
    Field(examples=["opened"], description="`delivered`, `opened`, `clicked`, …"),
]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Occurred = Annotated[Moment, Field(description="The current time by default.")]
UNSAID = datetime.min.replace(tzinfo=UTC)
"""Never stored: the database sets the default of a field that is left out."""


class Engagement(Representation):
    """How often recipients did one kind of action, at one time."""

    distribution_id: UUID
    kind: str
    count: int
    occurred_at: datetime


class NewEngagement(Input):
    """An engagement to store: how often recipients did one kind of action."""

    distribution_id: UUID
    kind: Kind
    count: Count = 1
    occurred_at: Occurred = Field(default_factory=lambda: UNSAID)


class BatchEngagement(NewEngagement):
    """An engagement of a batch; with an id from the client it is stored only once."""

    id: UUID | None = None


class ContentEngagement(BaseModel):
    """The sums of all engagements with a content, over all its distributions."""

    model_config = ConfigDict(defer_build=True)

    content_id: UUID
    totals: dict[str, int]
    """Sums of counts by kind."""
    first_at: datetime | None
    last_at: datetime | None


class EngagementPatch(Input):
    """Changes of an engagement."""

    kind: Kind = ""
    count: Count = 1
    occurred_at: Moment = Field(default_factory=lambda: UNSAID)


ENGAGEMENTS = Resource(
    name="engagements",
    singular="engagement",
    model=Engagement,
    create=NewEngagement,
    patch=EngagementPatch,
    filters=(Filter("distribution_id", "id"), Filter("kind")),
    sorts={"occurred_at": Sort("moment")},
)
