"""Update a host after a poll, and claim its next source."""

from __future__ import annotations

from datetime import datetime

from groundwork_core.hosts.pace import Reply, Visit, after_visit
from groundwork_core.sources.claim_due import claim_next
from groundwork_core.sources.fetch_outcome import Failed, Failure, Transfer
from groundwork_core.sources.model import WatchedSource
from groundwork_core.sources.ports import SourcesWork

THROTTLING = (429, 503)
_OF_THE_HOST = frozenset(
    {Failure.REFUSED, Failure.UNREACHABLE, Failure.TIMEOUT, Failure.TOO_SLOW, Failure.HTTP_5XX}
)
_NOT_ASKED = frozenset(
    {
        Failure.BAD_URL,
        Failure.DNS,
        Failure.BLOCKED_ADDRESS,
        Failure.BAD_CONFIG,
        Failure.CREDENTIALS,
        Failure.INTERNAL,
    }
)


def leave_host(
    source: WatchedSource, outcome: object, transfer: Transfer, *, work: SourcesWork, now: datetime
) -> None:
    """Update the host of a source after its poll, and claim the host's next source.

    Called last in the unit of work that records the poll, since others wait for the host's row.
    """
    pace = work.hosts.lock(source.host)
    if pace is None:
        return
    failed = outcome if isinstance(outcome, Failed) else None
    visit = Visit(
        source.source_id,
        reply_of(failed, transfer),
        transfer.duration_ms,
        failed.retry_after_seconds if failed else None,
    )
    work.hosts.keep(after_visit(pace, visit, now), now)
    claim_next([source.host], work=work, now=now)


def reply_of(failed: Failed | None, transfer: Transfer) -> Reply:
    """Return what the outcome of a poll says about the host."""
    if failed is None:
        return Reply.ANSWERED
    if failed.retry_after_seconds is not None and transfer.http_status in THROTTLING:
        return Reply.THROTTLED
    if failed.failure in _OF_THE_HOST:
        return Reply.HOST_FAILED
    return Reply.NOT_ASKED if failed.failure in _NOT_ASKED else Reply.ANSWERED
