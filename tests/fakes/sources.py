"""Sources and the state of polling them, in memory."""

import json
from collections.abc import Sequence
from uuid import UUID

from groundwork_core.errors import Conflict
from groundwork_core.sources.model import SCHEDULE
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.resource import SOURCES
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.rows import SourceRow, WatchState
from groundwork_core.sources.wishes import Wishes

from .resources import FakeResources
from .source_claims import SourceClaims
from .source_polls import SourcePolls


class MemorySources(SourceClaims, SourcePolls):
    """Implements `SourceStore`."""

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

    def disable(self, source_id: UUID) -> None:
        row = self._row(source_id)
        assert row is not None
        self._tables.put("sources", {**row, "enabled": False, "version": row["version"] + 1})

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
