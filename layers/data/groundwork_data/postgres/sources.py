"""Sources and the state of polling them, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.ids import new_id
from groundwork_core.sources.model import SCHEDULE, FetchCommand, PlannedPoll, WatchedSource
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.ports import Poll, SourceRow, WatchState

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

ADD = """
INSERT INTO sources (name, url, schedule, tags)
SELECT name, url, schedule, tags
FROM jsonb_to_recordset(%s) AS x(name text, url text, schedule jsonb, tags text[])
ON CONFLICT (url) DO NOTHING
RETURNING url, id
"""
LISTED = """
SELECT id, name, url, tags FROM sources
WHERE (%(tag)s::text IS NULL OR tags @> ARRAY[%(tag)s::text])
    AND (%(after)s::uuid IS NULL OR id > %(after)s)
ORDER BY id LIMIT %(limit)s
"""
START = """
INSERT INTO source_states (source_id, next_poll_at, ticket, claimed_until)
SELECT id, %(now)s,
    CASE WHEN enabled THEN uuidv7() END, CASE WHEN enabled THEN %(until)s::timestamptz END
FROM sources WHERE id = ANY(%(ids)s)
ON CONFLICT (source_id) DO NOTHING
RETURNING source_id, ticket
"""
START_AGAIN = """
UPDATE source_states t SET
    status = 'new', next_poll_at = %(now)s, next_poll_reason = 'new', next_poll_inputs = '{}',
    last_poll_at = NULL, error_class = NULL, error_message = NULL, failures = 0, redirects = 0,
    etag = NULL, last_modified = NULL,
    ticket = CASE WHEN s.enabled THEN uuidv7() END,
    claimed_until = CASE WHEN s.enabled THEN %(until)s::timestamptz END
FROM sources s WHERE s.id = t.source_id AND t.source_id = %(id)s
RETURNING t.source_id, t.ticket
"""
CLAIM_DUE = """
UPDATE source_states SET ticket = uuidv7(), claimed_until = %(until)s
WHERE source_id IN (
    SELECT t.source_id FROM source_states t JOIN sources s ON s.id = t.source_id
    WHERE t.next_poll_at <= %(now)s AND s.enabled
        AND (t.claimed_until IS NULL OR t.claimed_until <= %(now)s)
    ORDER BY t.next_poll_at LIMIT %(limit)s
    FOR UPDATE OF t SKIP LOCKED)
RETURNING source_id, ticket
"""
ANNOUNCE_AGAIN = """
UPDATE source_states SET claimed_until = %(until)s
WHERE source_id IN (
    SELECT source_id FROM source_states
    WHERE claimed_until > %(now)s AND claimed_until <= %(claimed_before)s
    ORDER BY claimed_until LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
RETURNING source_id, ticket
"""
TO_CLAIM = """
SELECT s.enabled, t.claimed_until > %(now)s
FROM sources s JOIN source_states t ON t.source_id = s.id
WHERE s.id = %(id)s FOR UPDATE OF t
"""
CLAIM = """
UPDATE source_states SET ticket = %(ticket)s, claimed_until = %(until)s WHERE source_id = %(id)s
"""
TO_FETCH = """
SELECT s.id, t.ticket, s.url, s.schedule, t.failures, t.etag, t.last_modified,
    (t.feed ->> 'median_gap_seconds')::bigint, (t.feed ->> 'newest_at')::timestamptz,
    coalesce(t.feed ->> 'identity', 'guid'), t.over_budget
FROM unnest(%s::uuid[], %s::uuid[]) AS due(source_id, ticket)
JOIN source_states t ON t.source_id = due.source_id AND t.ticket = due.ticket
JOIN sources s ON s.id = t.source_id
WHERE s.enabled
"""
HOLD = "SELECT 1 FROM source_states WHERE source_id = %s AND ticket = %s FOR UPDATE"
GIVE_BACK = """
UPDATE source_states t SET claimed_until = %(until)s,
    over_budget = over_budget OR t.source_id = ANY(%(heavy)s)
FROM unnest(%(sources)s::uuid[], %(tickets)s::uuid[]) AS given(source_id, ticket)
WHERE t.source_id = given.source_id AND t.ticket = given.ticket
RETURNING t.source_id, t.ticket
"""
RECORD = """
UPDATE source_states SET
    status = %(status)s, last_poll_at = %(at)s,
    next_poll_at = %(next_poll_at)s, next_poll_reason = %(reason)s, next_poll_inputs = %(inputs)s,
    last_changed_at = CASE WHEN %(stored)s > 0 THEN %(at)s ELSE last_changed_at END,
    ticket = NULL, claimed_until = NULL,
    error_class = %(failure)s, error_message = %(message)s,
    failures = CASE WHEN %(failure)s::text IS NULL THEN 0 ELSE failures + 1 END,
    polls = polls + 1, documents = documents + %(new)s, redirects = %(redirects)s,
    etag = %(etag)s, last_modified = %(last_modified)s, feed = coalesce(%(feed)s, feed),
    over_budget = %(over_budget)s
WHERE source_id = %(source_id)s AND ticket = %(ticket)s
"""
WATCH_STATE = """
SELECT s.enabled, s.schedule, t.status, t.next_poll_at, t.next_poll_reason, t.next_poll_inputs,
    t.last_poll_at, t.claimed_until, t.failures, t.error_class,
    (t.feed ->> 'median_gap_seconds')::bigint, (t.feed ->> 'newest_at')::timestamptz
FROM sources s JOIN source_states t ON t.source_id = s.id WHERE s.id = %s
"""
REPLAN = """
UPDATE source_states SET next_poll_at = %s, next_poll_reason = %s, next_poll_inputs = %s
WHERE source_id = %s
"""


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
        return dict(self._rows(ADD, [Jsonb(rows)]))

    def listed(self, tag: str | None, after: UUID | None, limit: int) -> list[tuple[UUID, Feed]]:
        """Return sources in the order of their ids, filtered by tag, starting after an id."""
        rows = self._rows(LISTED, {"tag": tag, "after": after, "limit": limit})
        return [(source, Feed(name, url, tuple(tags))) for source, name, url, tags in rows]

    def start(
        self, source_ids: Sequence[UUID], now: datetime, until: datetime
    ) -> list[FetchCommand]:
        """Add the polling state of new sources; claim the enabled ones until `until`."""
        rows = self._rows(START, {"ids": list(source_ids), "now": now, "until": until})
        return [FetchCommand(source, ticket) for source, ticket in rows if ticket is not None]

    def claim_due(self, now: datetime, until: datetime, limit: int) -> list[FetchCommand]:
        """Claim sources that are due and not claimed; SKIP LOCKED separates concurrent callers."""
        rows = self._rows(CLAIM_DUE, {"now": now, "until": until, "limit": limit})
        return [FetchCommand(source, ticket) for source, ticket in rows]

    def reannounce(
        self, *, claimed_before: datetime, now: datetime, until: datetime, limit: int
    ) -> list[FetchCommand]:
        """Extend claims that would end before `claimed_before`, and return their commands."""
        rows = self._rows(
            ANNOUNCE_AGAIN,
            {"claimed_before": claimed_before, "now": now, "until": until, "limit": limit},
        )
        return [FetchCommand(source, ticket) for source, ticket in rows]

    def claim(self, source_id: UUID, now: datetime, until: datetime) -> FetchCommand:
        """Claim one source now, whether or not it is due. Raises NotFound or Conflict."""
        found = self._rows(TO_CLAIM, {"id": source_id, "now": now})
        if not found:
            raise NotFound("This source does not exist.")
        enabled, running = found[0]
        if not enabled:
            raise Conflict("The source is disabled.", field="enabled")
        if running:
            raise Conflict("A fetch of this source runs or waits already.")
        ticket = new_id()
        self._rows(CLAIM, {"id": source_id, "ticket": ticket, "until": until})
        return FetchCommand(source_id, ticket)

    def to_fetch(self, due: Sequence[tuple[UUID, UUID]]) -> list[WatchedSource]:
        """Return the sources of those (source, ticket) pairs that are current and enabled."""
        rows = self._rows(TO_FETCH, [[one for one, _ in due], [ticket for _, ticket in due]])
        return [
            WatchedSource(
                source_id=source,
                ticket=ticket,
                url=url,
                schedule=SCHEDULE.validate_python(schedule),
                failures=failures,
                etag=etag,
                last_modified=last_modified,
                median_gap_seconds=gap,
                newest_at=newest_at,
                identity=Identity(identity),
                over_budget=over_budget,
            )
            for (
                source, ticket, url, schedule, failures, etag, last_modified, gap, newest_at,
                identity, over_budget,
            ) in {row[1]: row for row in rows}.values()
        ]  # fmt: skip

    def hold(self, source_id: UUID, ticket: UUID) -> bool:
        """Lock the source's polling state; return False if the ticket is no longer current."""
        return bool(self._rows(HOLD, [source_id, ticket]))

    def lock_state(self, source_id: UUID) -> None:
        """Lock the source's polling state until the transaction ends."""
        self._rows("SELECT 1 FROM source_states WHERE source_id = %s FOR UPDATE", [source_id])

    def give_back(
        self, given: Sequence[WatchedSource], heavy: Set[UUID], until: datetime
    ) -> list[FetchCommand]:
        """Mark the heavy sources, and return the commands that queue these fetches again."""
        rows = self._rows(
            GIVE_BACK,
            {
                "sources": [one.source_id for one in given],
                "tickets": [one.ticket for one in given],
                "heavy": list(heavy),
                "until": until,
            },
        )
        return [FetchCommand(source, ticket) for source, ticket in rows]

    def record(self, poll: Poll) -> None:
        """Store the outcome of a poll, and end its claim."""
        self._rows(
            RECORD,
            {
                "source_id": poll.source_id,
                "ticket": poll.ticket,
                "status": poll.status,
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

    def watch_state(self, source_id: UUID) -> WatchState | None:
        """Return the polling state from which the next poll is planned and explained."""
        rows = self._rows(WATCH_STATE, [source_id])
        if not rows:
            return None
        enabled, schedule, *rest = rows[0]
        return WatchState(enabled, SCHEDULE.validate_python(schedule), *rest)

    def replan(self, source_id: UUID, planned: PlannedPoll) -> None:
        """Set the time, reason and inputs of the next poll."""
        self._rows(REPLAN, [planned.at, planned.reason, Jsonb(planned.inputs), source_id])

    def start_again(self, source_id: UUID, now: datetime, until: datetime) -> list[FetchCommand]:
        """Reset the polling state after a change of the URL, and claim the source if enabled."""
        rows = self._rows(START_AGAIN, {"id": source_id, "now": now, "until": until})
        return [FetchCommand(source, ticket) for source, ticket in rows if ticket is not None]

    def _rows(self, sql: str, parameters: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
