"""Sources as a REST resource."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field, JsonValue

from groundwork_core.resources.field_types import Name, Word
from groundwork_core.resources.merge_by_kind import merge_by_kind
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.sources.credentials import Credentials
from groundwork_core.sources.kinds import SourceKind
from groundwork_core.sources.model import (
    DEFAULT_SCHEDULE,
    SCHEDULE,
    YEAR_SECONDS,
    Schedule,
    Seconds,
)
from groundwork_core.web.address import ReachableAddress

Tags = Annotated[tuple[Word, ...], Field(fail_fast=True, max_length=50)]


SCHEDULE_PATCH: dict[str, JsonValue] = {
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": ["interval", "cron", "adaptive"]},
        "every_seconds": {"type": "integer", "minimum": 1, "maximum": YEAR_SECONDS},
        "expression": {"type": "string", "minLength": 9, "maxLength": 200},
        "timezone": {"type": "string", "minLength": 1, "maxLength": 64},
        "min_seconds": {"type": "integer", "minimum": 1, "maximum": YEAR_SECONDS},
        "max_seconds": {"type": "integer", "minimum": 1, "maximum": YEAR_SECONDS},
    },
    "examples": [{"kind": "cron", "expression": "*/15 * * * *", "timezone": "UTC"}],
}
"""The schema of a schedule's patch, for documentation; the merged schedule is validated."""


Config = Annotated[dict[str, JsonValue], Field(max_length=20)]
CONFIG = "How pages and APIs are read (docs/sources.md); empty for feeds and sitemaps."
CREDENTIALS = (
    "Sent to the source's own origin only. They are stored encrypted and never shown; "
    "`has_credentials` says whether there are any."
)
SourceStatus = Literal[
    "pending",
    "ok",
    "unchanged",
    "throttled",
    "blocked",
    "gone",
    "moved",
    "failing",
    "disabled",
]
STATUSES: tuple[str, ...] = get_args(SourceStatus)


class PushState(BaseModel):
    """The state of a subscription at a WebSub hub."""

    hub: str
    until: datetime


class SourceState(BaseModel):
    """The state of polling. Read only."""

    status: SourceStatus
    http_status: int | None = Field(
        description="HTTP status of the last response; null if there was none."
    )
    host: str = Field(description="The host whose limits apply; see `GET /hosts/{host}`.")
    moved_to: str | None = Field(
        description="The address requested instead of `url`, which redirects there permanently."
    )
    push: PushState | None = Field(
        description="The hub that pushes changes; null if the source is only polled."
    )
    freshness_lag_seconds: int | None = Field(
        description="Seconds since the last successful poll; null if there was none."
    )
    next_poll_at: datetime
    next_poll_reason: str
    last_poll_at: datetime | None
    last_changed_at: datetime | None
    error: dict[str, str] | None
    failures: int
    polls: int
    documents: int
    title: str | None = Field(description="The title that the feed gives itself.")
    site: str | None = Field(description="The website that the feed names as its own.")
    identity: str | None = Field(
        description="The parts that identify an entry, chosen for each feed: `guid`, `guid+link`,"
        " `guid+link+title` and so on."
    )
    left_out: int = Field(
        description="Number of entries of the last feed that did not become a document: repeated,"
        " unreadable, incomplete, or above the limit."
    )


class Source(Representation):
    """A feed, page, sitemap or API that is polled on a schedule."""

    name: str
    url: str
    kind: SourceKind
    schedule: Schedule
    enabled: bool
    tags: list[str]
    freshness_seconds: int = Field(
        description="Maximum age of the last success in seconds; by default twice the usual pause."
    )
    config: dict[str, JsonValue]
    has_credentials: bool
    state: SourceState


class NewSource(Input):
    """A source to create; polling starts at once."""

    name: Name
    url: ReachableAddress
    kind: SourceKind = "feed"
    schedule: Schedule = DEFAULT_SCHEDULE
    enabled: bool = True
    tags: Tags = ()
    freshness_seconds: Seconds | None = None
    config: Config = Field(default_factory=dict, description=CONFIG)
    credentials: Credentials | None = Field(None, description=CREDENTIALS)


class StoredSource(NewSource):
    """A new source as it is stored; its credentials are stored in another table."""

    has_credentials: bool = False


class SourcePatch(Input):
    """Changes of a source."""

    name: Name = ""
    url: ReachableAddress = ""
    kind: SourceKind = "feed"
    schedule: dict[str, JsonValue] = Field(
        default_factory=dict,
        max_length=20,
        description="Merged into the current schedule; another `kind` replaces it.",
        json_schema_extra=SCHEDULE_PATCH,
    )
    enabled: bool = True
    tags: Tags = ()
    freshness_seconds: Seconds | None = Field(
        None,
        description="Maximum age of the last success in seconds; null: twice the usual pause.",
    )
    config: Config = Field(
        default_factory=dict, description=f"{CONFIG} Merged into the present one."
    )
    credentials: Credentials | None = Field(
        None, description=f"{CREDENTIALS} They replace the present ones; null removes them."
    )


class StoredSourcePatch(SourcePatch):
    """Changes of a source as they are stored; its credentials are stored in another table."""

    has_credentials: bool = False


def merge_schedule(current: JsonValue, patch: JsonValue) -> JsonValue:
    """Merge a patch into a schedule; a schedule of another kind replaces it. Raises Invalid."""
    return merge_by_kind(current, patch, kinds=SCHEDULE, pointer="/schedule")


SOURCES = Resource(
    name="sources",
    singular="source",
    model=Source,
    create=NewSource,
    patch=SourcePatch,
    filters=(
        Filter("enabled", "flag"),
        Filter("tag", operator="has", column="tags"),
        Filter("status", column="state.status", choices=STATUSES),
        Filter("q", operator="like", column="name"),
    ),
    sorts={"name": Sort("text")},
    defaults={"schedule": DEFAULT_SCHEDULE.model_dump(mode="json")},
    merged={"schedule": merge_schedule, "config": merge_patch},
)
