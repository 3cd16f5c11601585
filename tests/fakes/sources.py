"""Sources and the state of polling them, in memory."""

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.ids import new_id
from groundwork_core.sources.ingestion import Ingestion, SourceCounts, eta_seconds
from groundwork_core.sources.model import SCHEDULE, FetchCommand, PlannedPoll, WatchedSource
from groundwork_core.sources.moving import Whereabouts
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.poll_shown import PollShown
from groundwork_core.sources.resource import SOURCES
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.rows import Poll, SourceRow, WatchState
from groundwork_core.sources.wishes import Wishes
from groundwork_data.web.hosts import host_of

from .hosts import MemoryHosts
from .resources import FakeResources
from .tables import Row, Tables

NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class State:
    """The state of polling one source."""

    next_poll_at: datetime
    next_poll_reason: str = "new"
    next_poll_inputs: dict[str, JsonValue] = field(default_factory=dict)
    status: str = "pending"
    last_poll_at: datetime | None = None
    failures: int = 0
    error_class: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    feed: dict[str, Any] = field(default_factory=dict)
    over_budget: bool = False
    ticket: UUID | None = None
    claimed_until: datetime | None = None
    host: str = ""
    fetch_at: datetime | None = None
    fetching_until: datetime | None = None
    asked_ticket: UUID | None = None
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    onward: Onward | None = None

    def due_at(self) -> datetime:
        if self.claimed_until is not None:
            return self.claimed_until
        return NEVER if self.asked_ticket is not None else self.next_poll_at

    @property
    def median_gap_seconds(self) -> int | None:
        return self.feed.get("median_gap_seconds")

    @property
    def newest_at(self) -> datetime | None:
        text = self.feed.get("newest_at")
        return None if text is None else datetime.fromisoformat(text)


class MemorySources:
    """Implements `SourceStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._states: dict[UUID, State] = tables.of("source_states")
        self._hosts = MemoryHosts(tables)
        self._polls_by_place: dict[int, Poll] = tables.of("polls")

    @property
    def _polls(self) -> list[Poll]:
        return list(self._polls_by_place.values())

    def add(self, sources: Sequence[SourceRow]) -> dict[str, UUID]:
        resources, added = FakeResources(self._tables), {}
        for source in sources:
            fields = {
                "name": source.name,
                "url": source.url,
                "schedule": source.schedule.model_dump(mode="json"),
                "tags": source.tags,
            }
            try:
                written = resources.insert(SOURCES, tuple(fields), json.dumps(fields))
            except Conflict:
                continue
            added[source.url] = UUID(written.id)
        return added

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        rows = sorted(self._tables.of("sources").values(), key=lambda row: str(row["id"]))
        found = [
            (UUID(row["id"]), Feed(row["name"], row["url"], tuple(row["tags"])))
            for row in rows
            if (tag is None or tag in row["tags"]) and (after is None or row["id"] > str(after))
        ]
        return found[:limit]

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        new = [one for one in source_ids if self._row(one) and one not in self._states]
        for source_id in new:
            host, enabled = self._host(source_id), self._enabled(source_id)
            status = "pending" if enabled else "disabled"
            self._states[source_id] = State(now, status=status, host=host)
        hosts = list(dict.fromkeys(self._states[one].host for one in new))
        return self.claim_due(now, until, len(hosts), hosts=hosts)

    def give_hosts(self, limit: int) -> int:
        found = self._chosen(lambda _, state: not state.host)[:limit]
        for source_id in found:
            self._set(source_id, host=self._host(source_id))
        return len(found)

    def claim_due(
        self,
        now: datetime,
        until: datetime,
        limit: int,
        *,
        hosts: Sequence[str] | None = None,
        ahead: datetime | None = None,
    ) -> list[FetchCommand]:
        ahead = ahead or now
        due = self._chosen(
            lambda source_id, state: (
                state.due_at() <= ahead
                and self._enabled(source_id)
                and (hosts is None or state.host in hosts)
            )
        )
        due.sort(key=lambda one: self._states[one].due_at())
        commands: list[FetchCommand] = []
        asked: set[str] = set()
        for source_id in due:
            state = self._states[source_id]
            pace = self._hosts.made(state.host)
            flying = self._chosen(
                lambda _, other, host=state.host: (  # type: ignore[misc]
                    other.host == host
                    and other.claimed_until is not None
                    and other.claimed_until > now
                )
            )
            most = pace.max_in_flight if pace.circuit_until is None else 1
            at = max(now, pace.next_allowed_at or now)
            if len(commands) == limit or state.host in asked or len(flying) >= most or at > ahead:
                continue
            if state.due_at() == state.next_poll_at:
                at = max(at, state.next_poll_at)
            asked.add(state.host)
            self._set(
                source_id,
                ticket=state.asked_ticket or new_id(),
                asked_ticket=None,
                fetch_at=at,
                fetching_until=None,
            )
            commands.append(self._extend(source_id, at + (until - now), now))
        return commands

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        waiting = self._chosen(
            lambda _, state: (
                state.claimed_until is not None and now < state.claimed_until <= claimed_before
            )
        )
        waiting.sort(key=lambda one: str(self._states[one].claimed_until))
        return [self._extend(one, until, now) for one in waiting[:limit]]

    def ask(self, source_id: UUID, now: datetime) -> tuple[UUID, str]:
        state = self._states.get(source_id)
        if state is None:
            raise NotFound("This source does not exist.")
        if not self._enabled(source_id):
            raise Conflict("The source is disabled.", field="enabled")
        claimed = state.claimed_until is not None and state.claimed_until > now
        waits = claimed and state.fetch_at is not None and state.fetch_at > now
        if state.asked_ticket is not None or (claimed and not waits):
            raise Conflict("A fetch of this source runs or waits already.")
        for other, its in list(self._states.items()):
            waits = its.fetch_at is not None and its.fetch_at > now
            if other == source_id or (its.host == state.host and waits):
                self._free(other)
        ticket = new_id()
        self._set(source_id, asked_ticket=ticket)
        return ticket, state.host

    def to_fetch(
        self, due: Sequence[tuple[UUID, UUID]], now: datetime, until: datetime, again: Set[UUID]
    ) -> list[WatchedSource]:
        taken = []
        for source_id, ticket in dict.fromkeys(due):
            if not self.hold(source_id, ticket) or not self._enabled(source_id):
                continue
            busy = self._states[source_id].fetching_until
            if busy is None or busy <= now or ticket in again:
                self._set(source_id, fetching_until=until)
                taken.append(self._watched(source_id))
        return taken

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        state = self._states.get(source_id)
        return state is not None and state.ticket == ticket

    def lock_state(self, source_id: UUID) -> None:
        """One unit of work runs at a time."""

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        current = [one.source_id for one in given if self.hold(one.source_id, one.ticket)]
        for source_id in heavy & set(current):
            self._set(source_id, over_budget=True)
        commands = []
        for source_id in current:
            at = max(now, self._states[source_id].fetch_at or now)
            self._set(source_id, fetching_until=None)
            commands.append(self._extend(source_id, at + (until - now), now))
        return commands

    def go_onward(
        self, source_id: UUID, ticket: UUID, onward: Onward, host: str, now: datetime
    ) -> None:
        if self.hold(source_id, ticket):
            self._set(source_id, onward=onward, host=host)
            self._free(source_id)
            self.replan(source_id, PlannedPoll(now, "redirected", {"redirected_to": onward.url}))

    def record(self, poll: Poll) -> None:
        if not self.hold(poll.source_id, poll.ticket):
            return
        before = self._states[poll.source_id]
        self._set(
            poll.source_id,
            status=poll.status,
            last_poll_at=poll.at,
            failures=0 if poll.failure is None else before.failures + 1,
            error_class=poll.failure,
            etag=poll.etag,
            last_modified=poll.last_modified,
            feed=poll.feed.as_json() if poll.feed else before.feed,
            over_budget=poll.over_budget,
            host=poll.host or before.host,
            whereabouts=poll.whereabouts,
            onward=None,
        )
        self._free(poll.source_id)
        self._polls_by_place[len(self._polls_by_place)] = poll
        self.replan(poll.source_id, poll.planned)

    def disable(self, source_id: UUID) -> None:
        row = self._row(source_id)
        assert row is not None
        self._tables.put("sources", {**row, "enabled": False, "version": row["version"] + 1})

    def ingestion(self, now: datetime, since: datetime, most: int) -> Ingestion:
        states = list(self._states.items())
        statuses = [state.status for _, state in states]
        due = [one for one, state in states if self._enabled(one) and state.next_poll_at <= now]
        return Ingestion(
            sources=SourceCounts(
                total=len(states),
                enabled=sum(self._enabled(one) for one, _ in states),
                by_status={one: statuses.count(one) for one in set(statuses)},
            ),
            due=len(due),
            oldest_due_seconds=0,
            backlog_eta_seconds=eta_seconds(len(due), sum(1 for p in self._polls if p.at > since)),
            polls_24h=len(self._polls),
            documents_24h=0,
            fresh_share=None,
            freshness=[],
            hosts_open_for_a_day=0,
            silent_hubs=0,
            oldest_unmarked_seconds=0,
            slowest_hosts=[][:most],
        )

    def polls(self, source_id: UUID, limit: int) -> list[PollShown]:
        found = [one for one in self._polls if one.source_id == source_id][::-1]
        return [_poll_shown(one) for one in found[:limit]]

    def keep_polls(self, today: date, days: int) -> int:
        oldest = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=days)
        old = [place for place, one in self._polls_by_place.items() if one.at < oldest]
        for place in old:
            del self._polls_by_place[place]
        return len(old)

    def watch_state(self, source_id: UUID) -> WatchState | None:
        row, state = self._row(source_id), self._states.get(source_id)
        if row is None or state is None:
            return None
        return WatchState(
            enabled=row["enabled"],
            schedule=SCHEDULE.validate_python(row["schedule"]),
            status=state.status,
            next_poll_at=state.next_poll_at,
            next_poll_reason=state.next_poll_reason,
            next_poll_inputs=state.next_poll_inputs,
            last_poll_at=state.last_poll_at,
            claimed_until=state.claimed_until,
            failures=state.failures,
            error_class=state.error_class,
            median_gap_seconds=state.median_gap_seconds,
            newest_at=state.newest_at,
            rhythm=Rhythm.read(state.feed.get("rhythm")),
            wishes=Wishes.read(state.feed.get("wishes")),
            host=state.host,
            moved_to=state.whereabouts.moved_to,
        )

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        self._set(
            source_id,
            next_poll_at=planned.at,
            next_poll_reason=planned.reason,
            next_poll_inputs=planned.inputs,
        )

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        before = self._states.get(source_id)
        if before is None:
            return []
        self._states[source_id] = State(
            now,
            status="pending" if self._enabled(source_id) else "disabled",
            feed=before.feed,
            over_budget=before.over_budget,
            host=self._host(source_id),
        )
        return self.claim_due(now, until, 1, hosts=[self._states[source_id].host])

    def _host(self, source_id: UUID) -> str:
        row = self._row(source_id)
        return "" if row is None else host_of(row["url"])

    def _free(self, source_id: UUID) -> None:
        self._set(source_id, ticket=None, claimed_until=None, fetch_at=None, fetching_until=None)

    def _row(self, source_id: UUID) -> Row | None:
        row: Row | None = self._tables.of("sources").get(str(source_id))
        return row

    def _enabled(self, source_id: UUID) -> bool:
        row = self._row(source_id)
        return row is not None and bool(row["enabled"])

    def _chosen(self, wanted: Callable[[UUID, State], bool]) -> list[UUID]:
        return [one for one, state in self._states.items() if wanted(one, state)]

    def _extend(self, source_id: UUID, until: datetime, now: datetime) -> FetchCommand:
        self._set(source_id, claimed_until=until)
        state = self._states[source_id]
        assert state.ticket is not None
        later = state.fetch_at if state.fetch_at is not None and state.fetch_at > now else None
        return FetchCommand(source_id, state.ticket, later)

    def _set(self, source_id: UUID, **changes: Any) -> None:
        self._states[source_id] = replace(self._states[source_id], **changes)

    def _watched(self, source_id: UUID) -> WatchedSource:
        row, state = self._row(source_id), self._states[source_id]
        assert row is not None
        assert state.ticket is not None
        return WatchedSource(
            source_id=source_id,
            ticket=state.ticket,
            url=state.whereabouts.moved_to or row["url"],
            own_url=row["url"],
            status=state.status,
            whereabouts=state.whereabouts,
            rhythm=Rhythm.read(state.feed.get("rhythm")),
            wishes=Wishes.read(state.feed.get("wishes")),
            schedule=SCHEDULE.validate_python(row["schedule"]),
            failures=state.failures,
            etag=state.etag,
            last_modified=state.last_modified,
            median_gap_seconds=state.median_gap_seconds,
            newest_at=state.newest_at,
            identity=Identity(state.feed.get("identity", "guid")),
            over_budget=state.over_budget,
            host=state.host,
            fetch_at=state.fetch_at,
            onward=state.onward,
            due_at=state.next_poll_at
            if state.fetch_at and state.next_poll_at <= state.fetch_at
            else None,
        )


def _poll_shown(poll: Poll) -> PollShown:
    cost = poll.transfer
    return PollShown(
        at=poll.at,
        status=poll.status,
        http_status=cost.http_status,
        duration_ms=cost.duration_ms,
        bytes=cost.bytes,
        new=poll.new,
        changed=poll.changed,
        error=poll.failure,
        redirects=poll.redirects,
        requests=cost.requests,
    )
