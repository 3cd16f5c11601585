"""Rows that stores of sources take and return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.sources.fetch_outcome import (
    Failure,
    Transfer,
)
from groundwork_core.sources.model import (
    Adaptive,
    Cron,
    FeedFacts,
    Interval,
    PlannedPoll,
)
from groundwork_core.sources.moving import Whereabouts
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.wishes import Wishes


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source to insert."""

    name: str
    url: str
    schedule: Interval | Cron | Adaptive
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Poll:
    """The outcome of a poll, and the plan of the next one."""

    source_id: UUID
    ticket: UUID
    at: datetime
    status: str
    planned: PlannedPoll
    failure: Failure | None = None
    message: str | None = None
    redirects: int = 0
    etag: str | None = None
    last_modified: str | None = None
    feed: FeedFacts | None = None
    """Facts of the feed; None keeps the stored ones."""
    new: int = 0
    changed: int = 0
    over_budget: bool = False
    left_out: int = 0
    """Number of entries that did not become a document."""
    host: str = ""
    """The host that the next poll counts under."""
    transfer: Transfer = field(default_factory=Transfer)
    whereabouts: Whereabouts = field(default_factory=Whereabouts)


@dataclass(frozen=True, slots=True)
class WatchState:
    """The polling state of a source, as stored."""

    enabled: bool
    schedule: Interval | Cron | Adaptive
    status: str
    next_poll_at: datetime
    next_poll_reason: str
    next_poll_inputs: dict[str, JsonValue]
    last_poll_at: datetime | None
    claimed_until: datetime | None
    failures: int
    error_class: str | None
    median_gap_seconds: int | None
    newest_at: datetime | None
    rhythm: Rhythm = field(default_factory=Rhythm)
    wishes: Wishes = field(default_factory=Wishes)
    host: str = ""
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class FetchDetails:
    """The data for fetching a source, besides its address."""

    kind: str
    config: JsonValue
    encrypted: str | None = None
    """The encrypted credentials of the source, if it has any."""
