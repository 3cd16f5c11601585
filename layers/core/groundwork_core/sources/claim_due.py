"""Queue a fetch of each due source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS

CLAIM_BATCH = 200
CLAIM_BATCHES = 50
"""Batches of a run, so at most 10,000 sources; the next run claims the rest."""

HOSTS_BATCH = 1_000
AHEAD_SECONDS = 55
"""Time that a run claims ahead; the next run begins a minute later."""
NEXT_SECONDS = 65
"""A source is claimed if its host is free within this time: longer than any usual pause."""


def claim_due(
    *, work: SourcesWork, clock: Clock, batch: int = CLAIM_BATCH, ahead_seconds: float = 0.0
) -> int:
    """Claim due sources whose host is free, one batch per transaction; return how many.

    At most `max_in_flight` sources of a host are claimed, usually one; each recorded poll claims
    the host's next one (`claim_next`). With `ahead_seconds`, sources that become due within this
    time are claimed too, and their messages are delayed, so that polls need not wait for the next
    run.

    Concurrent schedulers never claim the same source. A claim expires if its fetch never reports,
    for example after a lost message; the source is then due again.
    """
    for _ in range(CLAIM_BATCHES):
        with work:
            if work.sources.give_hosts(HOSTS_BATCH) < HOSTS_BATCH:
                break
    claimed = 0
    for _ in range(CLAIM_BATCHES):
        now = clock.now()
        with work:
            commands = work.sources.claim_due(
                now,
                now + timedelta(seconds=CLAIM_SECONDS),
                batch,
                ahead=now + timedelta(seconds=ahead_seconds),
            )
            if commands:
                work.publish(*commands)
        claimed += len(commands)
        if len(commands) < batch:
            break
    return claimed


def claim_next(hosts: Sequence[str], *, work: SourcesWork, now: datetime) -> int:
    """Claim the next source of each host that is free soon, in the open unit of work.

    Its message is delayed until a request to the host is allowed, so that no worker waits.
    """
    commands = work.sources.claim_due(
        now,
        now + timedelta(seconds=CLAIM_SECONDS),
        len(hosts),
        hosts=hosts,
        ahead=now + timedelta(seconds=NEXT_SECONDS),
    )
    if commands:
        work.publish(*commands)
    return len(commands)
