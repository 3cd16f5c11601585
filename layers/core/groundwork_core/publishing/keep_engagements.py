"""Keep engagements for some months."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every function imports this module with the settings
    from groundwork_core.clock import Clock
    from groundwork_core.publishing.ports import EngagementsWork
    from groundwork_core.publishing.rows import EngagementMonths

ENGAGEMENT_MONTHS = 25
"""Default months before the current one whose engagements are kept: two years and one month, so
that each month can be compared with the same one of both years before. Sums are kept for good."""
BATCH = 20_000


def keep_engagements(months: int, *, work: EngagementsWork, clock: Clock) -> EngagementMonths:
    """Make partitions for the next two months, drop those before `months` months; say how many."""
    with work:
        today = clock.now().astimezone(UTC).date()
        return work.engagements.keep_months(today, months, BATCH)
