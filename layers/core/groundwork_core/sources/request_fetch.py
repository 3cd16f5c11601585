"""Request an immediate fetch of a source."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.sources.model import FetchRequested
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS


def request_fetch(source_id: UUID, *, work: SourcesWork, clock: Clock) -> FetchRequested:
    """Claim a source that is not due, and queue its fetch.

    Raises:
        NotFound: the source does not exist.
        Conflict: it is disabled, or a fetch of it is running or queued.
    """
    now = clock.now()
    with work:
        command = work.sources.claim(source_id, now, now + timedelta(seconds=CLAIM_SECONDS))
        work.publish(command)
    return FetchRequested(source_id=source_id, ticket=command.ticket, requested_at=now)
