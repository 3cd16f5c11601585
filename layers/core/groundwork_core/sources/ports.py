"""What the use cases of sources need from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.documents.model import Entry
from groundwork_core.documents.ports import DocumentStore
from groundwork_core.jobs.ports import JobStore
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched, FetchRequest
from groundwork_core.sources.model import (
    Adaptive,
    Cron,
    FeedFacts,
    FetchCommand,
    Interval,
    PlannedPoll,
    WatchedSource,
)
from groundwork_core.sources.opml import Feed
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source to be added."""

    name: str
    url: str
    schedule: Interval | Cron | Adaptive
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Poll:
    """How one poll went, and what follows."""

    source_id: UUID
    ticket: UUID
    at: datetime
    status: Literal["ok", "unchanged", "failing"]
    planned: PlannedPoll
    failure: Failure | None = None
    message: str | None = None
    redirects: int = 0
    etag: str | None = None
    last_modified: str | None = None
    feed: FeedFacts | None = None
    """None keeps what was known."""
    new: int = 0
    changed: int = 0
    over_budget: bool = False
    left_out: int = 0
    """How many entries of the feed became no document of their own."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """Why a source's next poll is when it is, as the store knows it."""

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


class SourceStore(Protocol):
    """Sources and how watching them goes."""

    def add(self, sources: Sequence[SourceRow]) -> dict[str, UUID]:
        """Insert those whose url is new; return the ids of the inserted by url."""
        ...

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        """Return sources in the order of their ids: those with a tag, those after one."""
        ...

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Begin watching new sources; the enabled ones are claimed until `until`."""
        ...

    def claim_due(self, now: datetime, until: datetime, limit: int) -> list[FetchCommand]:
        """Claim what is due and not claimed; two callers at once never get the same source."""
        ...

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        """Prolong claims that would end before `claimed_before` and return their commands."""
        ...

    def claim(self, source_id: UUID, now: datetime, until: datetime) -> FetchCommand:
        """Claim one source out of turn.

        Raises:
            NotFound: no such source.
            Conflict: it is disabled, or a fetch of it runs or waits already.
        """
        ...

    def to_fetch(self, due: Sequence[tuple[UUID, UUID]]) -> list[WatchedSource]:
        """Return those (source, ticket) pairs that still hold and are enabled."""
        ...

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        """Lock the source's state if the ticket still holds; False: the result comes too late."""
        ...

    def lock_state(self, source_id: UUID) -> None:
        """Lock the source's state until the transaction ends."""
        ...

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], until: datetime
    ) -> list[FetchCommand]:
        """Return the commands that queue these fetches again, and mark the heavy sources.

        Their tickets stay and their claims are prolonged; one whose ticket no longer holds is left
        out.
        """
        ...

    def record(self, poll: Poll) -> None:
        """Keep how a poll went, and end its claim."""
        ...

    def watch_state(self, source_id: UUID) -> WatchState | None:
        """Return what explains the next poll; None when there is no such source."""
        ...

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        """Move the next poll."""
        ...

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        """Begin anew, as with a new source, because the address changed.

        A running fetch of the old one loses its ticket; validators, errors and the last poll are
        forgotten; counts and what the feed said of itself stay. A disabled source gets no command,
        and is due as soon as it is enabled.
        """
        ...


class SourcesWork(Transaction, Protocol):
    """A unit of work that knows sources."""

    @property
    def sources(self) -> SourceStore:
        """The sources."""
        ...


class FetchWork(SourcesWork, Protocol):
    """A unit of work that takes in what a fetch brought."""

    @property
    def documents(self) -> DocumentStore:
        """The documents."""
        ...

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed that could be read."""

    facts: FeedFacts
    entries: tuple[Entry, ...]
    left_out: int = 0
    """How many entries could not be read, are incomplete, or are too many."""
    ends_early: bool = False
    """The feed was cut off: it must come again as a whole, and not as 304."""


class FeedReader(Protocol):
    """Reads whatever a source answered. Never raises for what is in it."""

    def __call__(
        self, fetched: Fetched, now: datetime, seconds: float | None = None
    ) -> ParsedFeed | Failed:
        """Return the feed, or why it is none: TOO_COMPLEX after so much CPU time.

        `seconds` None: as much as the size of the answer justifies.
        """
        ...


class NextCron(Protocol):
    """Finds the next moment of a cron expression."""

    def __call__(self, expression: str, timezone: str, after: datetime, /) -> datetime:
        """Return it, aware, in UTC, later than `after`.

        Raises:
            ValueError: the expression or the time zone is not valid, or never comes; says why.
        """
        ...


class Random(Protocol):
    """A source of chance, which a test can seed (`random.Random` is one)."""

    def uniform(self, a: float, b: float) -> float:
        """Return a number between a and b."""
        ...


class Fetcher(Protocol):
    """Asks sources over the web, safely. Never raises for what a source does."""

    def __call__(self, asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        """Ask them all, concurrently. Yield each answer with the place of its question.

        Of those that have arrived the smallest comes first, so that little waits for much.
        """
        ...


class SourceWritesWork(SourcesWork, ResourceWork, Protocol):
    """A unit of work that knows both."""
