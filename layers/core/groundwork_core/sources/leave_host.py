"""Update a host after a poll, and claim its next source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from groundwork_core.hosts.pace import Reply, Visit, after_visit
from groundwork_core.hosts.ports import HostStore
from groundwork_core.sources.claim_due import claim_next
from groundwork_core.sources.credentials import origin_of
from groundwork_core.sources.fetch_outcome import Failed, Failure, LeftHost, Transfer
from groundwork_core.sources.model import WatchedSource
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.robots_known import RobotsRule

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
        Failure.ROBOTS,
        Failure.ROBOTS_UNREACHABLE,
    }
)


def leave_host(
    source: WatchedSource, outcome: object, transfer: Transfer, *, work: SourcesWork, now: datetime
) -> None:
    """Update the host of a source after its poll, and claim the host's next source.

    Call it last in the unit of work that records the poll, since others wait for the lock of the
    host's row.
    """
    pace = work.hosts.lock(source.host)
    if pace is None:
        return
    robots = transfer.robots
    if robots is not None:
        work.hosts.keep_robots(source.host, robots)
    elif source.robots is not None:
        robots = source.robots.known
    failed = outcome if isinstance(outcome, Failed) else None
    visit = Visit(
        source.source_id,
        reply_of(failed, transfer),
        transfer.duration_ms,
        failed.retry_after_seconds if failed else None,
        robots.crawl_delay_seconds if robots else None,
    )
    work.hosts.keep(after_visit(pace, visit, now), now)
    claim_next([source.host], work=work, now=now)


def go_onward(
    source: WatchedSource, left: LeftHost, host: str, *, work: SourcesWork, now: datetime
) -> None:
    """End the visit to a host that redirected to another host, and queue a visit to that one.

    There the source waits for its turn as every other source of that host does.
    """
    for one in sorted({source.host, host}):  # in one order, so that two workers do not deadlock
        work.hosts.lock(one)
    onward = replace(left.onward, requests=left.transfer.requests)
    work.sources.go_onward(source.source_id, source.ticket, onward, host, now)
    leave_host(source, left, left.transfer, work=work, now=now)
    claim_next([host], work=work, now=now)


def reply_of(failed: Failed | None, transfer: Transfer) -> Reply:
    """Return what the outcome of a poll says about the state of the host."""
    if failed is None:
        return Reply.ANSWERED
    if failed.retry_after_seconds is not None and transfer.http_status in THROTTLING:
        return Reply.THROTTLED
    if failed.failure in _OF_THE_HOST:
        return Reply.HOST_FAILED
    nothing_sent = failed.failure in _NOT_ASKED and transfer.robots is None
    return Reply.NOT_ASKED if nothing_sent else Reply.ANSWERED


def with_robots(
    sources: Sequence[WatchedSource], *, hosts: HostStore, now: datetime
) -> list[WatchedSource]:
    """Return the sources, with the robots.txt of their origins where their hosts obey it."""
    origins = {one.source_id: origin_of(one.next_url) for one in sources}
    known = hosts.robots(sorted(set(origins.values())))
    pauses = hosts.obeying(sorted({one.host for one in sources}))
    return [
        replace(one, robots=RobotsRule(known.get(origins[one.source_id]), now, pauses[one.host]))
        if one.host in pauses
        else one
        for one in sources
    ]
