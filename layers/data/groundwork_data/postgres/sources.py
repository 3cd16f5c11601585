"""Sources and the state of polling them, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.ids import new_id
from groundwork_core.sources.ingestion import Ingestion
from groundwork_core.sources.model import SCHEDULE, FetchCommand, PlannedPoll, WatchedSource
from groundwork_core.sources.moving import Whereabouts
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.poll_shown import PollShown
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.rows import Poll, SourceRow, WatchState
from groundwork_core.sources.wishes import Wishes
from groundwork_data.postgres import claim_sql
from groundwork_data.postgres import source_sql as sql
from groundwork_data.postgres.ingestion_sql import ingestion
from groundwork_data.web.hosts import host_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

CLAIM_TRIES = 3
"""Claims of one call: hosts without anything to claim, which are corrected, take places too."""
NO_HOST = "invalid"
"""The host of an address without one; it cannot be fetched, and its poll says so."""


class PostgresSources:
    """Implements `SourceStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def add(self, sources: Sequence[SourceRow]) -> dict[str, UUID]:
        """Insert the sources whose URL is new; return their ids by URL."""
        rows = [
            {
                "name": source.name,
                "url": source.url,
                "schedule": source.schedule.model_dump(),
                "tags": list(source.tags),
            }
            for source in sources
        ]
        return dict(self._rows(sql.ADD, [Jsonb(rows)]))

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        """Return sources in the order of their ids, filtered by tag, starting after an id."""
        rows = self._rows(sql.LISTED, {"tag": tag, "after": after, "limit": limit})
        return [(source, Feed(name, url, tuple(tags))) for source, name, url, tags in rows]

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Insert the polling state of new sources; claim those whose host is free."""
        urls = self._rows(sql.URLS, [list(source_ids)])
        hosts = {source: host_of(url) or NO_HOST for source, url in urls}
        given = {"ids": list(hosts), "hosts": list(hosts.values()), "now": now}
        self._rows(sql.START, given)
        names = list(dict.fromkeys(hosts.values()))
        return self.claim_due(now, until, len(names), hosts=names)

    def give_hosts(self, limit: int) -> int:
        """Set the host of sources that the previous release stored without one; return how many."""
        hosts = {
            source: host_of(url) or NO_HOST for source, url in self._rows(sql.HOSTLESS, [limit])
        }
        if hosts:
            self._rows(sql.GIVE_HOSTS, [list(hosts), list(hosts.values())])
        return len(hosts)

    def claim_due(
        self,
        now: datetime,
        until: datetime,
        limit: int,
        *,
        hosts: Sequence[str] | None = None,
        ahead: datetime | None = None,
    ) -> list[FetchCommand]:
        """Claim due sources whose host is free; SKIP LOCKED separates concurrent callers."""
        given = {"now": now, "ahead": ahead or now, "lease": until - now, "hosts": hosts}
        claim = claim_sql.CLAIM_DUE if hosts is None else claim_sql.CLAIM_OF_HOSTS
        commands: list[FetchCommand] = []
        for _ in range(CLAIM_TRIES):
            asked = limit - len(commands)
            rows = self._rows(claim, {**given, "limit": asked})
            commands += [_command(one, ticket, at, now) for one, ticket, at in rows if ticket]
            if len(rows) < asked or len(commands) == limit:
                break
        return commands

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        """Extend claims that would end before `claimed_before`, and return their commands."""
        rows = self._rows(
            sql.ANNOUNCE_AGAIN,
            {"claimed_before": claimed_before, "now": now, "until": until, "limit": limit},
        )
        return [FetchCommand(source, ticket) for source, ticket in rows]

    def ask(self, source_id: UUID, now: datetime) -> tuple[UUID, str]:
        """Put a fetch of one source before all others of its host. Raises NotFound or Conflict."""
        found = self._rows(sql.TO_CLAIM, {"id": source_id, "now": now})
        if not found:
            raise NotFound("This source does not exist.")
        host, enabled, running = found[0]
        if not enabled:
            raise Conflict("The source is disabled.", field="enabled")
        if running:
            raise Conflict("A fetch of this source is already running or queued.")
        ticket = new_id()
        self._rows(sql.ASK, {"id": source_id, "ticket": ticket, "host": host, "now": now})
        return ticket, host

    def to_fetch(
        self, due: Sequence[tuple[UUID, UUID]], now: datetime, until: datetime, again: Set[UUID]
    ) -> list[WatchedSource]:
        """Claim those sources whose tickets are current and that are enabled."""
        sources, tickets = [one for one, _ in due], [ticket for _, ticket in due]
        given = {"sources": sources, "tickets": tickets, "now": now, "until": until}
        rows = self._rows(sql.TO_FETCH, given | {"again": list(again)})
        return [
            WatchedSource(
                source_id=source,
                ticket=ticket,
                url=moved_to or url,
                own_url=url,
                status=status,
                whereabouts=Whereabouts(redirect_to, redirect_since, moved_to),
                rhythm=Rhythm.read(rhythm),
                wishes=Wishes.read(wishes),
                schedule=SCHEDULE.validate_python(schedule),
                failures=failures,
                etag=etag,
                last_modified=last_modified,
                median_gap_seconds=gap,
                newest_at=newest_at,
                identity=Identity(identity),
                over_budget=over_budget,
                host=host,
                fetch_at=fetch_at,
                onward=Onward.read(onward),
                due_at=due_at,
            )
            for (
                source, ticket, url, schedule, failures, etag, last_modified, gap, newest_at,
                identity, over_budget, host, fetch_at, status, redirect_to, redirect_since,
                moved_to, rhythm, wishes, onward, due_at,
            ) in {row[1]: row for row in rows}.values()
        ]  # fmt: skip

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        """Lock the source's polling state; return False if the ticket is no longer current."""
        return bool(self._rows(sql.HOLD, [source_id, ticket]))

    def lock_state(self, source_id: UUID) -> None:
        """Lock the source's polling state until the transaction ends."""
        self._rows("SELECT 1 FROM source_states WHERE source_id = %s FOR UPDATE", [source_id])

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Mark the heavy sources, and return commands that queue these fetches again."""
        rows = self._rows(
            sql.GIVE_BACK,
            {
                "sources": [one.source_id for one in given],
                "tickets": [one.ticket for one in given],
                "heavy": list(heavy),
                "now": now,
                "until": until,
            },
        )
        return [_command(one, ticket, at, now) for one, ticket, at in rows]

    def go_onward(
        self, source_id: UUID, ticket: UUID, onward: Onward, host: str, now: datetime
    ) -> None:
        """End a claim whose poll continues at another host."""
        given = {"id": source_id, "ticket": ticket, "host": host, "now": now}
        inputs = Jsonb({"redirected_to": onward.url})
        self._rows(sql.GO_ONWARD, {**given, "onward": Jsonb(onward.as_json()), "inputs": inputs})

    def record(self, poll: Poll) -> None:
        """Store the outcome of a poll, and end its claim."""
        self._rows(
            sql.RECORD,
            {
                "source_id": poll.source_id,
                "ticket": poll.ticket,
                "status": poll.status,
                "host": poll.host,
                "http_status": poll.transfer.http_status,
                "redirect_to": poll.whereabouts.redirect_to,
                "redirect_since": poll.whereabouts.redirect_since,
                "moved_to": poll.whereabouts.moved_to,
                "at": poll.at,
                "next_poll_at": poll.planned.at,
                "reason": poll.planned.reason,
                "inputs": Jsonb(poll.planned.inputs),
                "stored": poll.new + poll.changed,
                "new": poll.new,
                "failure": poll.failure,
                "message": poll.message,
                "redirects": poll.redirects,
                "over_budget": poll.over_budget,
                "etag": poll.etag,
                "last_modified": poll.last_modified,
                "feed": Jsonb(poll.feed.as_json()) if poll.feed else None,
            },
        )
        self._rows(
            sql.ADD_POLL,
            {
                "source_id": poll.source_id,
                "at": poll.at,
                "status": poll.status,
                "http_status": poll.transfer.http_status,
                "duration_ms": poll.transfer.duration_ms,
                "bytes": poll.transfer.bytes,
                "new": poll.new,
                "changed": poll.changed,
                "failure": poll.failure,
                "redirects": poll.redirects,
                "requests": poll.transfer.requests,
            },
        )

    def polls(self, source_id: UUID, limit: int) -> list[PollShown]:
        """Return the last polls of a source, newest first."""
        names = PollShown.model_fields
        rows = self._rows(sql.POLLS, [source_id, limit])
        return [PollShown(**dict(zip(names, row, strict=True))) for row in rows]

    def keep_polls(self, today: date, days: int) -> int:
        """Create the partitions of polls for the next days and drop old ones; return how many."""
        return int(self._rows(sql.KEEP_POLLS, [today, days])[0][0])

    def ingestion(self, now: datetime, since: datetime, most: int) -> Ingestion:
        """Return the state of ingestion as a whole."""
        return ingestion(self._connection, now, since, most)

    def disable(self, source_id: UUID) -> None:
        """Disable a source whose state is locked."""
        self._rows(sql.DISABLE, [source_id])

    def watch_state(self, source_id: UUID) -> WatchState | None:
        """Return the polling state from which the next poll is planned and explained."""
        rows = self._rows(sql.WATCH_STATE, [source_id])
        if not rows:
            return None
        enabled, schedule, *rest, rhythm, wishes, host, moved_to = rows[0]
        state = WatchState(enabled, SCHEDULE.validate_python(schedule), *rest)
        return replace(
            state,
            rhythm=Rhythm.read(rhythm),
            wishes=Wishes.read(wishes),
            host=host,
            moved_to=moved_to,
        )

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        """Store the time, reason and inputs of the next poll."""
        self._rows(sql.REPLAN, [planned.at, planned.reason, Jsonb(planned.inputs), source_id])

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        """Reset the polling state after a new URL; claim the source if its host is free."""
        hosts = [host_of(url) or NO_HOST for _, url in self._rows(sql.URLS, [[source_id]])]
        for host in hosts:
            self._rows(sql.START_AGAIN, {"id": source_id, "host": host, "now": now})
        return self.claim_due(now, until, 1, hosts=hosts)

    def _rows(
        self, statement: str, parameters: list[Any] | dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _command(
    source_id: UUID, ticket: UUID, fetch_at: datetime | None, now: datetime
) -> FetchCommand:
    """Return the command of a claim; its message is delayed if the fetch may not start yet."""
    later = fetch_at if fetch_at is not None and fetch_at > now else None
    return FetchCommand(source_id, ticket, later)
