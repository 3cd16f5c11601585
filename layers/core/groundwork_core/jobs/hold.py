"""Actions over HTTP on a leased job: by its worker, and by others."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, LeaseLost, NotFound
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
    asked: LeaseRequest, *, quick: QuickLeases, work: LeasesWork, clock: Clock
) -> list[str]:
    """Lease the next waiting jobs; if there is none, those whose lease has just expired.

    Returns the JSON of each, as of `Leased`; perhaps fewer than wait.
    """
    now, most = clock.now(), asked.max or 1
    found = quick.lease(asked.kinds, asked.worker, now, asked.lease_seconds, most)
    if found or quick.is_idle(asked.kinds, now):
        return found
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        return work.leases.lease(asked.kinds, asked.worker, now, asked.lease_seconds, most)


def take_back_expired(*, work: LeasesWork, clock: Clock) -> int:
    """End leases that have expired, so that readers see it; return how many."""
    with work:
        return work.leases.tidy(clock.now(), TAKEN_BACK_MAX)


def report_status(
    job_id: UUID, report: StatusReport, *, quick: QuickLeases, work: LeasesWork, clock: Clock
) -> ReportTaken:
    """Keep how far a job is, and extend its lease.

    Raises:
        NotFound: there is no job with this id.
        LeaseLost: this is not its present lease.
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
    """End an attempt badly. Raises NotFound, LeaseLost: as `report_status`."""
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
    """Give a job back; no attempt is counted. Raises NotFound, LeaseLost: as `report_status`."""
    lease = Lease(job_id, token)
    with work:
        if not work.leases.give_back(lease, clock.now(), reference=None, pause_seconds=None):
            raise lost(lease, work)


def defer(job_id: UUID, deferral: Deferral, *, work: LeasesWork, clock: Clock) -> None:
    """Give a job back until an outside batch is to be checked; no attempt is counted.

    Raises NotFound, LeaseLost: as `report_status`.
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
        Conflict: it has ended otherwise.
    """
    now = clock.now()
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        status = work.leases.cancel(job_id, now)
        if status is None:
            raise NotFound("There is no such job.")
        if status not in ("leased", "cancelled"):
            raise Conflict(f"A job that is {status} cannot be cancelled.", field="status")


def replay_jobs(asked: ReplayRequest, *, work: LeasesWork, clock: Clock) -> Replayed:
    """Queue failed and quarantined jobs of a kind again, at a bounded rate."""
    now = clock.now()
    with work:
        replayed, more = work.leases.replay(asked.kind, asked.failure, asked.since, now)
    last = now + timedelta(seconds=(replayed - 1) / REPLAYS_PER_SECOND) if replayed else None
    return Replayed(replayed=replayed, more=more, last_starts_at=last)


def list_attempts(job_id: UUID, *, work: LeasesWork, clock: Clock) -> Attempts:
    """Return the leases of a job, oldest first. Raises NotFound: there is no job with this id."""
    with work:
        work.leases.tidy(clock.now(), TAKEN_BACK_MAX)
        found = work.leases.attempts(job_id)
        if not found and work.jobs.get(job_id) is None:
            raise NotFound("There is no such job.")
    return Attempts(items=found)


def job_stats(*, work: LeasesWork, clock: Clock) -> JobStats:
    """Return the state of each kind of jobs."""
    now = clock.now()
    with work:
        work.leases.tidy(now, TAKEN_BACK_MAX)
        return work.leases.stats(now)


def lost(lease: Lease, work: LeasesWork) -> NotFound | LeaseLost:
    """Return why a lease does not hold."""
    return lost_of(work.jobs.get(lease.job_id))


def lost_of(job: WorkerJob | None) -> NotFound | LeaseLost:
    """Return why a lease does not hold; None: there is no such job."""
    if job is None:
        return NotFound("There is no such job.")
    return LeaseLost("This token is not the job's present lease; nothing was changed.")
