"""The last polls of a source."""

from __future__ import annotations

from datetime import UTC
from uuid import UUID

from pydantic import BaseModel

from groundwork_core.clock import Clock
from groundwork_core.errors import NotFound
from groundwork_core.sources.poll_shown import PollShown
from groundwork_core.sources.ports import SourceStore, SourcesWork

KEPT_DAYS = 30


class PollsShown(BaseModel):
    """The last polls, newest first."""

    items: list[PollShown]


def list_polls(source_id: UUID, limit: int, *, sources: SourceStore) -> PollsShown:
    """Return the last polls of a source. Raises NotFound."""
    if sources.watch_state(source_id) is None:
        raise NotFound("This source does not exist.")
    return PollsShown(items=sources.polls(source_id, limit))


def keep_polls(*, work: SourcesWork, clock: Clock) -> int:
    """Create partitions for the polls of the next days and drop old ones; return how many."""
    with work:
        return work.sources.keep_polls(clock.now().astimezone(UTC).date(), KEPT_DAYS)
