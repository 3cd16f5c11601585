"""Request an immediate fetch of a source."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.sources.claim_due import claim_next
from groundwork_core.sources.model import FetchRequested
from groundwork_core.sources.ports import SourcesWork


def request_fetch(source_id: UUID, *, work: SourcesWork, clock: Clock) -> FetchRequested:
    """Request a fetch of a source, due or not; it starts when the host is free.

    Raises:
        NotFound: the source does not exist.
        Conflict: the source is disabled, or a fetch of it is running or queued.
    """
    now = clock.now()
    with work:
        ticket, host = work.sources.ask(source_id, now)
        claim_next([host], work=work, now=now)
    return FetchRequested(source_id=source_id, ticket=ticket, requested_at=now)
