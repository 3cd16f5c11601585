"""Schedules and messages of sources, and the data of a fetch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from groundwork_core.documents.identity import Identity
from groundwork_core.resources.field_types import INTEGRAL
from groundwork_core.sources.moving import Whereabouts
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.robots_known import RobotsRule
from groundwork_core.sources.wishes import Wishes

YEAR_SECONDS = 31_536_000
Seconds = Annotated[int, Field(ge=1, le=YEAR_SECONDS), INTEGRAL]
FETCH_CONTRACT: Literal["groundwork/fetch/1"] = "groundwork/fetch/1"


class _StrictModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Interval(_StrictModel):
    """A poll `every_seconds` after the last one."""

    kind: Literal["interval"]
    every_seconds: Seconds


class Cron(_StrictModel):
    """Polls at the times of a cron expression, in a time zone."""

    kind: Literal["cron"]
    expression: str = Field(min_length=9, max_length=200)
    timezone: str = Field("UTC", min_length=1, max_length=64)


class Adaptive(_StrictModel):
    """Polls about as often as the source publishes, within limits."""

    kind: Literal["adaptive"]
    min_seconds: Seconds = 300
    max_seconds: Seconds = 86_400

    @model_validator(mode="after")
    def _ordered(self) -> Adaptive:
        if self.min_seconds > self.max_seconds:
            message = "min_seconds must not exceed max_seconds"
            raise ValueError(message)
        return self


Schedule = Annotated[Interval | Cron | Adaptive, Field(discriminator="kind")]
SCHEDULE: TypeAdapter[Interval | Cron | Adaptive] = TypeAdapter(Schedule)
DEFAULT_SCHEDULE = Interval(kind="interval", every_seconds=900)


class FetchDue(_StrictModel):
    """A message of the fetch queue: fetch a source, identified by its ticket."""

    contract: Literal["groundwork/fetch/1"] = FETCH_CONTRACT
    source_id: UUID
    ticket: UUID
    not_before: datetime | None = Field(None, strict=False)
    """Earliest start of the fetch; None: at once."""


@dataclass(frozen=True, slots=True)
class FetchCommand:
    """The outbox command for a `FetchDue` message."""

    source_id: UUID
    ticket: UUID
    not_before: datetime | None = None

    aggregate = "sources"
    kind = "fetch_due"

    @property
    def aggregate_id(self) -> UUID:
        """The id of the source."""
        return self.source_id

    def data(self) -> dict[str, JsonValue]:
        """The body of the message."""
        due = FetchDue(source_id=self.source_id, ticket=self.ticket, not_before=self.not_before)
        return due.model_dump(mode="json")


class FetchRequested(_StrictModel):
    """The response to a request for an immediate fetch."""

    source_id: UUID
    ticket: UUID
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """Metadata of a feed, and how often it publishes."""

    title: str = ""
    site: str | None = None
    language: str | None = None
    median_gap_seconds: int | None = None
    """Between its latest entries; None when fewer than two have a publication time."""
    newest_at: datetime | None = None
    warning: str | None = None
    """A fault of the feed that did not prevent reading its entries."""
    identity: str | None = None
    """The parts that identify its entries."""
    left_out: int = 0
    """Number of entries that did not become a document."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    """Times at which its entries were published."""
    wishes: Wishes = field(default_factory=Wishes)
    """The polling rate that the feed asks for."""

    hub: str | None = None
    """The hub that pushes changes of the feed (WebSub)."""
    topic: str | None = None
    """The address under which the hub knows it."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return the facts that are known, for the `feed` column."""
        newest = self.newest_at.isoformat() if self.newest_at else None
        facts: dict[str, JsonValue] = {
            "title": self.title,
            "site": self.site,
            "language": self.language,
            "median_gap_seconds": self.median_gap_seconds,
            "newest_at": newest,
            "warning": self.warning,
            "identity": self.identity,
            "left_out": self.left_out,
            "rhythm": self.rhythm.as_json(),
            "wishes": self.wishes.as_json(),
        }
        return {name: value for name, value in facts.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """A source to fetch, with the validators and results of earlier polls."""

    source_id: UUID
    ticket: UUID
    url: str
    schedule: Interval | Cron | Adaptive
    failures: int
    etag: str | None
    last_modified: str | None
    median_gap_seconds: int | None
    newest_at: datetime | None
    identity: Identity = Identity.ID
    """The identity of its entries so far."""
    over_budget: bool = False
    """True if reading its last response took more than `FIRST_SECONDS` of CPU time."""
    host: str = ""
    """The host that it counts under, as stored."""
    status: str = "pending"
    own_url: str = ""
    """The address that its user gave; `url` is the one that is asked."""
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    rhythm: Rhythm = field(default_factory=Rhythm)
    wishes: Wishes = field(default_factory=Wishes)
    fetch_at: datetime | None = None
    """Earliest start of this fetch."""
    due_at: datetime | None = None
    """Planned time of this poll; None if a user requested it earlier."""
    robots: RobotsRule | None = None
    onward: Onward | None = None
    """The rest of a poll that another host redirected; None if the poll begins here."""

    @property
    def next_url(self) -> str:
        """The address of the next request."""
        return self.url if self.onward is None else self.onward.url


@dataclass(frozen=True, slots=True)
class PlannedPoll:
    """The time of the next poll.

    `reason` names the longest pause: interval, cron, adaptive, backoff, cache, ttl, retry_after.
    It is `skip` if the feed asks to skip hours or days, and `moved` or `redirected` if the next
    request goes to another address.
    """

    at: datetime
    reason: str
    inputs: dict[str, JsonValue]
