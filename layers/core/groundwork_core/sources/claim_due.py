"""Queue a fetch of each due source."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS

CLAIM_BATCH = 500
CLAIM_BATCHES = 20
"""At most 10,000 sources per run; the next run finds the rest."""


def claim_due(*, work: SourcesWork, clock: Clock, batch: int = CLAIM_BATCH) -> int:
    """Claim due sources, one batch per transaction, and return how many.

    Concurrent schedulers never claim the same source. A claim expires if its fetch never reports,
    for example after a lost message; the source is then due again.
    """
    claimed = 0
    for _ in range(CLAIM_BATCHES):
        now = clock.now()
        with work:
            commands = work.sources.claim_due(now, now + timedelta(seconds=CLAIM_SECONDS), batch)
            if commands:
                work.publish(*commands)
        claimed += len(commands)
        if len(commands) < batch:
            break
    return claimed
