"""Sources and the state of polling them, in memory."""

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.ids import new_id
from groundwork_core.sources.model import SCHEDULE, FetchCommand, PlannedPoll, WatchedSource
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.ports import Poll, SourceRow, WatchState
from groundwork_core.sources.resource import SOURCES

from .resources import FakeResources
from .tables import Row, Tables


@dataclass(frozen=True)
class State:
    """The state of polling one source."""

    next_poll_at: datetime
    next_poll_reason: str = "new"
    next_poll_inputs: dict[str, JsonValue] = field(default_factory=dict)
    status: str = "new"
    last_poll_at: datetime | None = None
    failures: int = 0
    error_class: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    feed: dict[str, Any] = field(default_factory=dict)
    over_budget: bool = False
    ticket: UUID | None = None
    claimed_until: datetime | None = None

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
            self._states[source_id] = State(now)
        return self._claim([one for one in new if self._enabled(one)], until)

    def claim_due(self, now: datetime, until: datetime, limit: int) -> list[FetchCommand]:
        due = self._chosen(
            lambda source_id, state: (
                state.next_poll_at <= now
                and self._enabled(source_id)
                and (state.claimed_until is None or state.claimed_until <= now)
            )
        )
        due.sort(key=lambda one: self._states[one].next_poll_at)
        return self._claim(due[:limit], until)

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        waiting = self._chosen(
            lambda _, state: (
                state.claimed_until is not None and now < state.claimed_until <= claimed_before
            )
        )
        waiting.sort(key=lambda one: str(self._states[one].claimed_until))
        return [self._extend(one, until) for one in waiting[:limit]]

    def claim(self, source_id: UUID, now: datetime, until: datetime) -> FetchCommand:
        state = self._states.get(source_id)
        if state is None:
            raise NotFound("This source does not exist.")
        if not self._enabled(source_id):
            raise Conflict("The source is disabled.", field="enabled")
        if state.claimed_until is not None and state.claimed_until > now:
            raise Conflict("A fetch of this source runs or waits already.")
        return self._claim([source_id], until)[0]

    def to_fetch(self, due: Sequence[tuple[UUID, UUID]]) -> list[WatchedSource]:
        return [
            self._watched(source_id)
            for source_id, ticket in dict.fromkeys(due)
            if self.hold(source_id, ticket) and self._enabled(source_id)
        ]

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        state = self._states.get(source_id)
        return state is not None and state.ticket == ticket

    def lock_state(self, source_id: UUID) -> None:
        """One unit of work runs at a time."""

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], until: datetime
    ) -> list[FetchCommand]:
        current = [one.source_id for one in given if self.hold(one.source_id, one.ticket)]
        for source_id in heavy & set(current):
            self._set(source_id, over_budget=True)
        return [self._extend(one, until) for one in current]

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
            ticket=None,
            claimed_until=None,
        )
        self.replan(poll.source_id, poll.planned)

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
        self._states[source_id] = State(now, feed=before.feed, over_budget=before.over_budget)
        return self._claim([source_id] if self._enabled(source_id) else [], until)

    def _row(self, source_id: UUID) -> Row | None:
        row: Row | None = self._tables.of("sources").get(str(source_id))
        return row

    def _enabled(self, source_id: UUID) -> bool:
        row = self._row(source_id)
        return row is not None and bool(row["enabled"])

    def _chosen(self, wanted: Callable[[UUID, State], bool]) -> list[UUID]:
        return [one for one, state in self._states.items() if wanted(one, state)]

    def _claim(self, source_ids: Sequence[UUID], until: datetime) -> list[FetchCommand]:
        for source_id in source_ids:
            self._set(source_id, ticket=new_id())
        return [self._extend(one, until) for one in source_ids]

    def _extend(self, source_id: UUID, until: datetime) -> FetchCommand:
        self._set(source_id, claimed_until=until)
        ticket = self._states[source_id].ticket
        assert ticket is not None
        return FetchCommand(source_id, ticket)

    def _set(self, source_id: UUID, **changes: Any) -> None:
        self._states[source_id] = replace(self._states[source_id], **changes)

    def _watched(self, source_id: UUID) -> WatchedSource:
        row, state = self._row(source_id), self._states[source_id]
        assert row is not None
        assert state.ticket is not None
        return WatchedSource(
            source_id=source_id,
            ticket=state.ticket,
            url=row["url"],
            schedule=SCHEDULE.validate_python(row["schedule"]),
            failures=state.failures,
            etag=state.etag,
            last_modified=state.last_modified,
            median_gap_seconds=state.median_gap_seconds,
            newest_at=state.newest_at,
            identity=Identity(state.feed.get("identity", "guid")),
            over_budget=state.over_budget,
        )
