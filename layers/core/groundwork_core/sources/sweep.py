"""What the fetch queue lost is announced again, long before its claim runs out."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS

ANNOUNCE_LIMIT = 2_000
"""Sources per run; the rest is found a minute later."""


def sweep_fetches(waiting_seconds: int, *, work: SourcesWork, clock: Clock) -> int:
    """Publish again each claimed fetch that has waited longer than allowed; return how many.

    The ticket stays, so a fetch that was only slow does no harm: whoever reports first ends it.
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
