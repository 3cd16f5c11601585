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
    """Stores sources and their polling state."""

    def add(self, sources: Sequence[SourceRow]) -> dict[str, UUID]:
        """Insert sources with new urls; return the ids of inserted sources by url."""
        ...

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        """Return sources after a source, in the order of ids, filtered by tag."""
        ...

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Start polling new sources; enabled ones are claimed until `until`."""
        ...

    def give_hosts(self, limit: int) -> int:
        """Set the host of at most `limit` sources without one; return how many."""
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
        """Claim due sources whose host is free, one per host.

        Concurrent callers never get the same source, and together never more sources of a host than
        its `max_in_flight`.

        Args:
            now: the current time, aware, UTC.
            until: the end of the claim of a fetch that starts now.
            limit: the maximum number of sources.
            hosts: claim only sources of these hosts; None means all.
            ahead: also claim sources that are due, and whose host is free, by this time.
        """
        ...

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        """Extend claims that end before `claimed_before` and return their commands."""
        ...

    def ask(self, source_id: UUID, now: datetime) -> tuple[UUID, str]:
        """Put a fetch of a source before all others of its host. Return its ticket and the host.

        Raises:
            NotFound: the source does not exist.
            Conflict: the source is disabled, or a fetch of it is running or queued.
        """
        ...

    def to_fetch(
        self, due: Sequence[tuple[UUID, UUID]], now: datetime, until: datetime, again: Set[UUID]
    ) -> list[WatchedSource]:
        """Claim enabled sources whose tickets are current, for fetching until a time.

        `due` has pairs of source and ticket. Sources that another worker has taken are left out,
        except for the tickets in `again`.
        """
        ...

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        """Lock the state of a source; return False if the ticket is no longer current."""
        ...

    def lock_state(self, source_id: UUID) -> None:
        """Lock the state of a source until the transaction ends."""
        ...

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Return commands that queue these fetches again, and mark the heavy sources.

        The tickets stay the same and the claims are extended. A fetch whose time has not come is
        delayed until then. A source whose ticket is not current is left out.
        """
        ...

    def go_onward(
        self, source_id: UUID, ticket: UUID, onward: Onward, host: str, now: datetime
    ) -> None:
        """End a claim whose poll continues at another host, where the source is due from `now`."""
        ...

    def record(self, poll: Poll) -> None:
        """Store the outcome of a poll, and end its claim."""
        ...

    def polls(self, source_id: UUID, limit: int) -> list[PollShown]:
        """Return the last polls of a source, newest first."""
        ...

    def keep_polls(self, today: date, days: int) -> int:
        """Create partitions for polls of the next days; remove those older than `days`."""
        ...

    def ingestion(self, now: datetime, since: datetime, most: int) -> Ingestion:
        """Return the state of ingestion at `now`, with the rate of polls since `since`."""
        ...

    def disable(self, source_id: UUID) -> None:
        """Disable a source whose state is locked."""
        ...

    def watch_state(self, source_id: UUID) -> WatchState | None:
        """Return the polling state; None if the source does not exist."""
        ...

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        """Store the time of the next poll."""
        ...

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        """Restart polling as for a new source, after a change of the address.

        A running fetch of the old address loses its ticket. Validators, errors and the last poll
        are deleted; counts and feed facts remain. There is no command for a disabled source, which
        is due once it is enabled.
        """
        ...


class CredentialStore(Protocol):
    """Stores the credentials of sources, encrypted."""

    def set(self, source_id: UUID, encrypted: str) -> None:
        """Store or replace the credentials of a source."""
        ...

    def remove(self, source_id: UUID) -> bool:
        """Remove the credentials of a source; return False if it has none."""
        ...

    def forget(self, source_id: UUID) -> bool:
        """Remove the credentials of a source, and show that it has none; False if it had none."""
        ...

    def details(self, source_ids: Sequence[UUID]) -> dict[UUID, FetchDetails]:
        """Return what sources need beyond an address, without plain feeds that need nothing."""
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
    """True if the feed was truncated: it must be fetched again without validators."""


class FeedReader(Protocol):
    """Parses responses of sources. The content of a response never makes it raise."""

    def __call__(
        self, fetched: Fetched, now: datetime, seconds: float | None = None
    ) -> ParsedFeed | Failed:
        """Return the feed, or the failure: TOO_COMPLEX after `seconds` of CPU time.

        If `seconds` is None, the limit is proportional to the size of the response.
        """
        ...


class ReaderOf(Protocol):
    """Finds the reader for the responses of a kind of source."""

    def __call__(self, kind: str, config: JsonValue) -> tuple[FeedReader, Follow | None]:
        """Return the reader, and a function that finds the further requests of a poll, or None.

        Raises:
            Invalid: `config` is not a configuration of this kind.
        """
        ...


class NextCron(Protocol):
    """Computes the next time of a cron expression."""

    def __call__(self, expression: str, timezone: str, after: datetime, /) -> datetime:
        """Return the next time after `after`, aware, in UTC.

        Raises:
            UnknownTimeZone: the time zone does not exist.
            ValueError: the expression is invalid, or never matches.
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

        If several responses have arrived, the smallest is yielded first.
        """
        ...


class SourceWritesWork(SourcesWork, AuditedWork, ResourceWork, Protocol):
    """A unit of work with sources, their credentials, resources and the audit log."""

    @property
    def credentials(self) -> CredentialStore:
        """The credentials of sources."""
        ...
