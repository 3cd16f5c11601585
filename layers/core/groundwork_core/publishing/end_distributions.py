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

    Call it after the commit that ended the deliveries. Two transactions that end the last two
    deliveries do not see each other's change, but the call after the later commit sees both.
    """
    _end(finished.among(ids), work)


def end_all_finished(*, work: PublishersWork, finished: FinishedDistributions) -> int:
    """End finished distributions that are still `sending`; return how many.

    They remain when a process ended between its commit and `end_finished`.
    """
    found = finished.all(SWEEP_LIMIT)
    _end(found, work)
    return len(found)


def _end(ids: Collection[UUID], work: PublishersWork) -> None:
    if ids:
        with work:
            work.callbacks.end_distributions(work.callbacks.lock_distributions(ids))
