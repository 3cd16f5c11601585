"""The state of polling each source, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.sources.model import FetchCommand, PlannedPoll
from groundwork_core.sources.moving import Whereabouts
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.rows import Poll
from groundwork_data.web.hosts import host_of

from .hosts import MemoryHosts
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


class SourceStates:
    """The rows of sources and their states; what all calls need of them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._states: dict[UUID, State] = tables.of("source_states")
        self._hosts = MemoryHosts(tables)
        self._polls_by_place: dict[int, Poll] = tables.of("polls")

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        state = self._states.get(source_id)
        return state is not None and state.ticket == ticket

    def lock_state(self, source_id: UUID) -> None:
        """One unit of work runs at a time."""

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        self._set(
            source_id,
            next_poll_at=planned.at,
            next_poll_reason=planned.reason,
            next_poll_inputs=planned.inputs,
        )

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
