"""Actions on leased jobs over HTTP, by the worker or by other clients."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, LeaseLost, NotFound
from groundwork_core.jobs.empty_kinds import EmptyKinds
from groundwork_core.jobs.fail_jobs import MAX_MESSAGE
from groundwork_core.jobs.lease_messages import (
    Attempts,
    Deferral,
    FailureReport,
    JobStats,
    LeaseRequest,
    Replayed,
    ReplayRequest,
    ReportTaken,
    StatusReport,
)
from groundwork_core.jobs.lease_rules import (
    REPLAYS_PER_SECOND,
    TAKEN_BACK_MAX,
)
from groundwork_core.jobs.model import FailureClass, WorkerJob
from groundwork_core.jobs.ports import JobFailure, Lease, LeasesWork, QuickLeases

_CHANCE = SystemRandom()


def lease_jobs(
    asked: LeaseRequest, *, quick: QuickLeases, empty: EmptyKinds, work: LeasesWork, clock: Clock
) -> list[str]:
    """Lease the next waiting jobs; if there are none, first take back leases that just expired.

    Args:
        asked: the request, without `messages`.
        quick: leases in one statement.
        empty: what earlier calls of this process found; this call adds to it.
        work: a unit of work that has not begun.
        clock: the clock of the leases.

    Returns:
        The JSON of each job, in the form of `Leased`; possibly fewer than are waiting.
    """
    now, most = clock.now(), asked.max or 1
    if empty.has(asked.kinds) and quick.is_idle(asked.kinds, now):
        return []
    found = quick.lease(asked.kinds, asked.worker, now, asked.lease_seconds, most)
    empty.remember(asked.kinds, found=bool(found))
    if found or quick.is_idle(asked.kinds, now):
        return found
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        return work.leases.lease(asked.kinds, asked.worker, now, asked.lease_seconds, most)


def take_back_expired(*, work: LeasesWork, clock: Clock) -> int:
    """End expired leases, so that reads show it; return how many."""
    with work:
        return work.leases.tidy(clock.now(), TAKEN_BACK_MAX)


def report_status(
    job_id: UUID, report: StatusReport, *, quick: QuickLeases, work: LeasesWork, clock: Clock
) -> ReportTaken:
    """Store a job's progress and extend its lease.

    Raises:
        NotFound: there is no job with this id.
        LeaseLost: the token is not that of the current lease.
    """
    lease = Lease(job_id, report.lease_token)
    taken = quick.report(
        lease,
        clock.now(),
        progress=report.progress,
        message=report.message,
        checkpoint=report.checkpoint,
    )
    if taken is None:
        with work:
            raise lost(lease, work)
    return ReportTaken.model_validate_json(taken)


def fail_leased(job_id: UUID, report: FailureReport, *, work: LeasesWork, clock: Clock) -> None:
    """End an attempt as failed. Raises NotFound and LeaseLost, as `report_status` does."""
    lease, now = Lease(job_id, report.lease_token), clock.now()
    with work:
        if not work.leases.holds(lease, now):
            raise lost(lease, work)
        failure = JobFailure(
            job_id,
            FailureClass(report.failure),
            report.message[:MAX_MESSAGE],
            jitter=_CHANCE.uniform(0, 1),
            retry_after_seconds=report.retry_after_seconds,
        )
        work.jobs.fail([failure], now)


def release(job_id: UUID, token: UUID, *, work: LeasesWork, clock: Clock) -> None:
    """Give a job back; no attempt is counted.

    Raises NotFound and LeaseLost, as `report_status` does.
    """
    lease = Lease(job_id, token)
    with work:
        if not work.leases.give_back(lease, clock.now(), reference=None, pause_seconds=None):
            raise lost(lease, work)


def defer(job_id: UUID, deferral: Deferral, *, work: LeasesWork, clock: Clock) -> None:
    """Give a job back until its outside batch should be checked; no attempt is counted.

    Raises NotFound and LeaseLost, as `report_status` does.
    """
    lease = Lease(job_id, deferral.lease_token)
    with work:
        if not work.leases.give_back(
            lease,
            clock.now(),
            reference=deferral.reference,
            pause_seconds=deferral.check_after_seconds,
        ):
            raise lost(lease, work)


def cancel(job_id: UUID, *, work: LeasesWork, clock: Clock) -> None:
    """Cancel a queued job at once; ask the worker of a leased one to stop.

    Raises:
        NotFound: there is no job with this id.
        Conflict: it has ended in another status.
    """
    now = clock.now()
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        status = work.leases.cancel(job_id, now)
        if status is None:
            raise NotFound("This job does not exist.")
        if status not in ("leased", "cancelled"):
            raise Conflict(f"A job that is {status} cannot be cancelled.", field="status")


def replay_jobs(asked: ReplayRequest, *, work: LeasesWork, clock: Clock) -> Replayed:
    """Queue failed and quarantined jobs of a kind again, spread over time."""
    now = clock.now()
    with work:
        replayed, more = work.leases.replay(asked.kind, asked.failure, asked.since, now)
    last = now + timedelta(seconds=(replayed - 1) / REPLAYS_PER_SECOND) if replayed else None
    return Replayed(replayed=replayed, more=more, last_starts_at=last)


def list_attempts(job_id: UUID, *, work: LeasesWork, clock: Clock) -> Attempts:
    """Return the attempts of a job, oldest first. Raises NotFound if there is no such job."""
    with work:
        work.leases.tidy(clock.now(), TAKEN_BACK_MAX)
        found = work.leases.attempts(job_id)
        if not found and work.jobs.get(job_id) is None:
            raise NotFound("This job does not exist.")
    return Attempts(items=found)


def job_stats(*, work: LeasesWork, clock: Clock) -> JobStats:
    """Return statistics of each kind of job."""
    now = clock.now()
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        return work.leases.stats(now)


def lost(lease: Lease, work: LeasesWork) -> NotFound | LeaseLost:
    """Return the error for a lease that is not current: NotFound or LeaseLost."""
    return lost_of(work.jobs.get(lease.job_id))


def lost_of(job: WorkerJob | None) -> NotFound | LeaseLost:
    """Return the error for a lease that is not current; `job` is None if there is no such job."""
    if job is None:
        return NotFound("This job does not exist.")
    return LeaseLost("This token is not that of the job's current lease; nothing was changed.")
