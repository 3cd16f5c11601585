"""Announce fetches again whose message may be lost, long before their claims expire."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS

ANNOUNCE_LIMIT = 2_000
"""Sources per run; the next run finds the rest."""


def sweep_fetches(waiting_seconds: int, *, work: SourcesWork, clock: Clock) -> int:
    """Publish each claimed fetch again that has waited for too long; return how many.

    The ticket stays the same, so it does no harm if the fetch was only slow: the first report
    counts.
    """
    now = clock.now()
    claim = timedelta(seconds=CLAIM_SECONDS)
    with work:
        commands = work.sources.reannounce(
            claimed_before=now - timedelta(seconds=waiting_seconds) + claim,
            now=now,
            until=now + claim,
            limit=ANNOUNCE_LIMIT,
        )
        if commands:
            work.publish(*commands)
    return len(commands)
