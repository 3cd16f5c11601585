"""Sources, claims and polls at fixed times."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from groundwork_core.sources.model import (
    DEFAULT_SCHEDULE,
    PlannedPoll,
    WatchedSource,
)
from groundwork_core.sources.resource import SOURCES
from groundwork_core.sources.rows import Poll, SourceRow, WatchState

from ..work import Work

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=15)
LATER = NOW + timedelta(hours=1)
PLANNED = PlannedPoll(LATER, "interval", {"pause_seconds": 3600})


def url(name: str) -> str:
    return f"https://{name}.example/feed"


def add(work: Work, *names: str, tags: tuple[str, ...] = ()) -> list[UUID]:
    rows = [SourceRow(name, url(name), DEFAULT_SCHEDULE, tags) for name in names]
    with work:
        added = work.sources.add(rows)
    return [added[url(name)] for name in names]


def start(work: Work, *names: str, at: datetime = NOW, until: datetime = UNTIL) -> list[UUID]:
    """Add sources and begin to poll them."""
    source_ids = add(work, *names)
    with work:
        work.sources.start(source_ids, at, until)
    return source_ids


def watched(work: Work, source_id: UUID, ticket: UUID) -> WatchedSource:
    with work:
        (found,) = work.sources.to_fetch([(source_id, ticket)], LATER, LATER, frozenset())
    return found


def state(work: Work, source_id: UUID) -> WatchState:
    with work:
        found = work.sources.watch_state(source_id)
    assert found is not None
    return found


def change(work: Work, source_id: UUID, **fields: object) -> None:
    with work:
        stored = work.resources.read(SOURCES, source_id)
        assert stored is not None
        work.resources.update(SOURCES, source_id, stored.version, tuple(fields), json.dumps(fields))


def claim(work: Work, source_id: UUID, now: datetime = LATER) -> UUID:
    """Claim a source whose earlier claim has ended, and return the ticket."""
    with work:
        ticket, host = work.sources.ask(source_id, now)
        (command,) = work.sources.claim_due(now, now + timedelta(minutes=15), 1, hosts=[host])
    assert command.ticket == ticket
    return ticket


def poll(source_id: UUID, ticket: UUID, **fields: Any) -> Poll:
    plain = Poll(source_id, ticket, at=NOW, status="ok", planned=PLANNED)
    return replace(plain, **fields)
