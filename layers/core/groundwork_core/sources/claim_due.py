"""The scheduler's part: queue a fetch of every source that is due."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.start_watching import CLAIM_SECONDS

CLAIM_BATCH = 500
CLAIM_BATCHES = 20
"""At most 10,000 sources a run; what is left is due in the next one, a minute later."""


def claim_due(*, work: SourcesWork, clock: Clock, batch: int = CLAIM_BATCH) -> int:
    """Claim due sources, a batch per transaction, and return how many.

    Several schedulers may run at once: each source is claimed by one of them. A claim whose fetch
    never reported (a lost queue) runs out, and the source is due again.
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
