"""Engagements as a REST resource: how often recipients opened, clicked and so on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundwork_core.publishing.automated import Reason
from groundwork_core.publishing.distributions import Recipient
from groundwork_core.resources.field_types import INTEGRAL, Moment, Text
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Kind = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$"),
    Field(examples=["opened"], description="`delivered`, `opened`, `clicked`, …"),
]
Count = Annotated[int, Field(ge=0, le=1_000_000_000), INTEGRAL]
Occurred = Annotated[Moment, Field(description="The current time by default.")]
Bucket = Literal["hour", "day"]
UNSAID = datetime.min.replace(tzinfo=UTC)
"""Never stored: the database sets the default of a field that is left out."""


class Engagement(Representation):
    """Number of actions of one kind by recipients, at one time."""

    distribution_id: UUID
    kind: str
    count: int
    occurred_at: datetime
    event_id: str | None
    agent: str | None
    automated: bool
    """True if a program acted without a person."""
    automated_reason: Reason | None
    """`agent`: by its agent. `soon`: within two seconds of the delivery. `many_links`: with other
    links within a second."""
    recipient: str | None
    link: str | None


class NewEngagement(Input):
    """An engagement to store: how often recipients did one kind of action."""

    distribution_id: UUID
    kind: Kind
    count: Count = 1
    occurred_at: Occurred = Field(default_factory=lambda: UNSAID)


class BatchEngagement(NewEngagement):
    """An engagement of a batch. With `id` or `event_id` it is stored only once."""

    id: UUID | None = None
    event_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Your id of the event, unique for each distribution."
    )
    agent: Annotated[Text, Field(max_length=500)] | None = Field(
        None, description="The program that acted, such as a User-Agent."
    )
    recipient: Recipient | None = Field(
        None,
        description="The recipient, as in deliveries. Needed to detect programs by their speed.",
    )
    link: Annotated[Text, Field(min_length=1, max_length=2048)] | None = Field(
        None, description="The link that was clicked."
    )


class EngagementCounts(BaseModel):
    """The counts of one kind, of people and of programs."""

    model_config = ConfigDict(defer_build=True)

    all: int
    human: int
    """The number of engagements that are not automated."""


class EngagementBucket(EngagementCounts):
    """The counts of one kind in one hour or day."""

    at: datetime
    """Start of the hour or day."""
    kind: str


@dataclass(frozen=True, slots=True)
class EngagementQuery:
    """A query of sums: a time range, in buckets of an hour or a day."""

    start: datetime | None = None
    end: datetime | None = None
    bucket: Bucket | None = None


class ContentEngagement(BaseModel):
    """The sums of all engagements with a content, over all its distributions."""

    model_config = ConfigDict(defer_build=True)

    content_id: UUID
    totals: dict[str, EngagementCounts]
    """Sums of counts by kind."""
    first_at: datetime | None
    last_at: datetime | None
    series: list[EngagementBucket]
    """The same by hour or day in UTC, if a bucket is asked for; the newest 10,000."""
    series_truncated: bool
    """True if older entries of the series are left out."""


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
