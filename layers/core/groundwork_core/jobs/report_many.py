"""Store the status reports of several jobs in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from groundwork_core.clock import Clock
from groundwork_core.errors import GroundworkError
from groundwork_core.jobs.apply_together import apply_together
from groundwork_core.jobs.hold import lost_of
from groundwork_core.jobs.lease_messages import ReportTaken, StatusReport
from groundwork_core.jobs.ports import Lease, LeaseReport, LeasesWork, QuickLeases


class StatusOfJob(StatusReport):
    """The status report of one of several jobs."""

    id: UUID = Field(description="The job.")


def report_statuses(
    reports: Sequence[StatusOfJob], *, quick: QuickLeases, work: LeasesWork, clock: Clock
) -> list[ReportTaken | GroundworkError]:
    """Store the progress of jobs and extend their leases.

    Returns for each report its response, or an error that `report_status` raises. Several reports
    of one lease are stored as one: the last of each value counts.

    Raises:
        Unavailable: nothing was stored; the call may be repeated.
    """
    merged: dict[Lease, LeaseReport] = {}
    for one in reports:
        lease = Lease(one.id, one.lease_token)
        before = merged.get(lease)
        message, checkpoint = one.message, one.checkpoint
        if before is not None:
            message = before.message if message is None else message
            checkpoint = before.checkpoint if checkpoint is None else checkpoint
        merged[lease] = LeaseReport(lease, one.progress, message, checkpoint)
    now, given = clock.now(), list(merged.values())

    def store(some: Sequence[LeaseReport]) -> list[str | None]:
        taken = quick.report_many(some, now)
        return [taken.get(one.lease) for one in some]

    outcomes = dict(zip(merged, apply_together(given, store), strict=True))
    errors = _errors([lease for lease, text in outcomes.items() if text is None], work)
    return [
        _shown(errors.get(lease) or outcomes[lease])
        for lease in (Lease(one.id, one.lease_token) for one in reports)
    ]


def _shown(outcome: str | GroundworkError | None) -> ReportTaken | GroundworkError:
    if isinstance(outcome, GroundworkError):
        return outcome
    return ReportTaken.model_validate_json(outcome or "")


def _errors(lost: Sequence[Lease], work: LeasesWork) -> dict[Lease, GroundworkError]:
    if not lost:
        return {}
    with work:
        jobs = {job.id: job for job in work.jobs.lock([lease.job_id for lease in lost])}
    return {lease: lost_of(jobs.get(lease.job_id)) for lease in lost}
