"""Results of workers, and totals of engagements."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.knowledge.hand_in import HandIn
    from groundwork_core.publishing.ports import EngagementSums


class KnowledgeParts(BaseParts):
    """Results of workers, and totals of engagements."""

    @cached_property
    def hand_in(self) -> HandIn:
        """Applies results that workers hand in."""
        from groundwork_core.knowledge.hand_in import HandIn

        return HandIn(work=self.work, clock=self.clock)

    @cached_property
    def engagement_sums(self) -> EngagementSums:
        """Sums the engagements with a content."""
        from groundwork_data.postgres.engagement_sums import PostgresEngagementSums

        return PostgresEngagementSums(self.database)
