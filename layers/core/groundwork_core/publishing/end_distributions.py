"""End distributions whose deliveries have all ended."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from groundwork_core.publishing.ports import FinishedDistributions, PublishersWork

SWEEP_LIMIT = 500


def end_finished(
    ids: Collection[UUID], *, work: PublishersWork, finished: FinishedDistributions
) -> None:
    """End those of some distributions that are finished.

    Called after the commit of what ended the deliveries: of two transactions that end the last two
    deliveries, neither sees the other's, but the one that commits later then sees both.
    """
    _end(finished.among(ids), work)


def end_all_finished(*, work: PublishersWork, finished: FinishedDistributions) -> int:
    """End what was left because a process ended after its commit; return how many."""
    found = finished.all(SWEEP_LIMIT)
    _end(found, work)
    return len(found)


def _end(ids: Collection[UUID], work: PublishersWork) -> None:
    if ids:
        with work:
            work.callbacks.end_distributions(work.callbacks.lock_distributions(ids))
