"""Claims of sources that are due, and the fetches of claimed ones, in memory."""

from collections.abc import Sequence, Set
from datetime import datetime
from uuid import UUID

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.ids import new_id
from groundwork_core.sources.model import SCHEDULE, FetchCommand, WatchedSource
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.wishes import Wishes

from .source_states import SourceStates, State


class SourceClaims(SourceStates):
    """Claims of sources: the worker that may fetch each, and the end of its claim."""

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
            raise Conflict("A fetch of this source is already running or queued.")
        for other, its in list(self._states.items()):
            waits = its.fetch_at is not None and its.fetch_at > now
            if other == source_id or (its.host == state.host and waits):
                self._free(other)
        ticket = new_id()
        self._set(source_id, asked_ticket=ticket)
        return ticket, state.host

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
