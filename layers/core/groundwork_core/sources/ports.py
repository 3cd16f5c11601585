"""Ports of sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.audit.ports import AuditedWork
from groundwork_core.documents.model import Entry
from groundwork_core.documents.ports import DocumentStore
from groundwork_core.hosts.ports import HostStore
from groundwork_core.jobs.ports import JobStore
from groundwork_core.push.ports import PushStore
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.sources.fetch_outcome import Download, Failed, Fetched, FetchRequest, Follow
from groundwork_core.sources.ingestion import Ingestion
from groundwork_core.sources.model import (
    FeedFacts,
    FetchCommand,
    PlannedPoll,
    WatchedSource,
)
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.poll_shown import PollShown
from groundwork_core.sources.rows import FetchDetails, Poll, SourceRow, WatchState
from groundwork_core.unit_of_work import Transaction


class SourceStore(Protocol):
    """The stored sources and their polling state."""

    def add(self, sources: Sequence[SourceRow]) -> dict[str, UUID]:
        """Insert sources with new urls; return the ids of inserted sources by url."""
        ...

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        """Return sources in the order of ids, filtered by tag, after a source."""
        ...

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Start polling new sources; enabled ones are claimed until `until`."""
        ...

    def give_hosts(self, limit: int) -> int:
        """Give sources without a host theirs, at most `limit`; return how many."""
        ...

    def claim_due(
        self,
        now: datetime,
        until: datetime,
        limit: int,
        *,
        hosts: Sequence[str] | None = None,
        ahead: datetime | None = None,
    ) -> list[FetchCommand]:
        """Claim due sources whose host is free, at most one for each host.

        Concurrent callers never get the same source, nor more of a host than may be in flight.

        Args:
            now: aware, UTC.
            until: when a claim of a fetch that begins now ends.
            limit: how many at most.
            hosts: only sources of these hosts; None: of all.
            ahead: also what is due, and whose host is free, until then; such a fetch begins later.
        """
        ...

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        """Extend claims that end before `claimed_before` and return their commands."""
        ...

    def ask(self, source_id: UUID, now: datetime) -> tuple[UUID, str]:
        """Put a fetch of one source before all others of its host; return its ticket and the host.

        Raises:
            NotFound: the source does not exist.
            Conflict: it is disabled, or a fetch of it is running or queued.
        """
        ...

    def to_fetch(
        self, due: Sequence[tuple[UUID, UUID]], now: datetime, until: datetime, again: Set[UUID]
    ) -> list[WatchedSource]:
        """Take enabled sources whose tickets are current, by (source, ticket), until a time.

        Those that another worker has are left out, except for the tickets in `again`.
        """
        ...

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        """Lock the source's state if the ticket is current; False: the result is too late."""
        ...

    def lock_state(self, source_id: UUID) -> None:
        """Lock the source's state until the transaction ends."""
        ...

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Return the commands that queue these fetches again, and mark the heavy sources.

        Their tickets stay and their claims are extended; a fetch that has not begun yet is delayed
        until it may. A source whose ticket is not current is left out.
        """
        ...

    def go_onward(
        self, source_id: UUID, ticket: UUID, onward: Onward, host: str, now: datetime
    ) -> None:
        """End a claim whose poll goes on at another host; the source is due there from now."""
        ...

    def record(self, poll: Poll) -> None:
        """Store the outcome of a poll, and end its claim."""
        ...

    def polls(self, source_id: UUID, limit: int) -> list[PollShown]:
        """Return the last polls of a source, newest first."""
        ...

    def keep_polls(self, today: date, days: int) -> int:
        """Make room for the polls of the next days and remove those older than `days`."""
        ...

    def ingestion(self, now: datetime, since: datetime, most: int) -> Ingestion:
        """Return numbers at `now`; polls since `since` tell the rate; `most` slowest hosts."""
        ...

    def disable(self, source_id: UUID) -> None:
        """Disable a source whose state is locked."""
        ...

    def watch_state(self, source_id: UUID) -> WatchState | None:
        """Return the polling state; None if the source does not exist."""
        ...

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        """Set the time of the next poll."""
        ...

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        """Restart polling as for a new source, after a change of the address.

        A running fetch of the old address loses its ticket. Validators, errors and the last poll
        are deleted; counts and feed facts stay. A disabled source gets no command, and is due when
        it is enabled.
        """
        ...


class CredentialStore(Protocol):
    """The encrypted credentials of sources."""

    def set(self, source_id: UUID, encrypted: str) -> None:
        """Store or replace the credentials of a source."""
        ...

    def remove(self, source_id: UUID) -> bool:
        """Remove the credentials of a source; False: it has none."""
        ...

    def forget(self, source_id: UUID) -> bool:
        """Remove the credentials of a source, and show that it has none; False: it had none."""
        ...

    def details(self, source_ids: Sequence[UUID]) -> dict[UUID, FetchDetails]:
        """Return the details of those sources that are not just feeds without credentials."""
        ...


class SourcesWork(Transaction, Protocol):
    """A unit of work with sources and their hosts."""

    @property
    def sources(self) -> SourceStore:
        """The sources."""
        ...

    @property
    def hosts(self) -> HostStore:
        """The hosts of the sources."""
        ...


class FetchWork(SourcesWork, Protocol):
    """A unit of work with sources, documents and jobs."""

    @property
    def push(self) -> PushStore:
        """The subscriptions of sources at hubs."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """The documents."""
        ...

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...

    @property
    def credentials(self) -> CredentialStore:
        """The credentials of sources."""
        ...


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A parsed feed."""

    facts: FeedFacts
    entries: tuple[Entry, ...]
    left_out: int = 0
    """Number of entries that are unreadable, incomplete or above the limit."""
    ends_early: bool = False
    """Whether the feed was truncated: it must be fetched again without validators."""


class FeedReader(Protocol):
    """Parses responses of sources. Never raises for their content."""

    def __call__(
        self, fetched: Fetched, now: datetime, seconds: float | None = None
    ) -> ParsedFeed | Failed:
        """Return the feed, or the failure: TOO_COMPLEX after `seconds` of CPU time.

        `seconds` None: in proportion to the size of the response.
        """
        ...


class ReaderOf(Protocol):
    """Finds what reads the answers of a kind of source."""

    def __call__(self, kind: str, config: JsonValue) -> tuple[FeedReader, Follow | None]:
        """Return the reader, and what finds the further requests of a poll.

        Raises:
            Invalid: the configuration is not one of this kind.
        """
        ...


class NextCron(Protocol):
    """Computes the next time of a cron expression."""

    def __call__(self, expression: str, timezone: str, after: datetime, /) -> datetime:
        """Return the next time after `after`, aware, in UTC.

        Raises:
            ValueError: the expression or the time zone is invalid, or never matches.
        """
        ...


class Random(Protocol):
    """A random number generator that tests can seed, such as `random.Random`."""

    def uniform(self, a: float, b: float) -> float:
        """Return a number between a and b."""
        ...


class Fetcher(Protocol):
    """Downloads sources with protection against SSRF. Never raises for failures of a source."""

    def __call__(self, asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        """Send all requests concurrently. Yield each outcome with the index of its request.

        Of the responses that have arrived the smallest is yielded first.
        """
        ...


class SourceWritesWork(SourcesWork, AuditedWork, ResourceWork, Protocol):
    """A unit of work with sources, their credentials, resources and the audit log."""

    @property
    def credentials(self) -> CredentialStore:
        """The credentials of sources."""
        ...
