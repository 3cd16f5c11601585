"""End attempts that failed, and try again what ended badly."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.model import Job
from groundwork_core.jobs.ports import JobFailure, JobsWork

MAX_MESSAGE = 2_000


def fail_jobs(failures: Sequence[JobFailure], *, work: JobsWork, clock: Clock) -> dict[UUID, str]:
    """End attempts badly, and return each job's new status.

    A class that another attempt may get around is queued again, until the last attempt, which is
    quarantined; the others are failed at once. Jobs that ended already are left alone.
    """
    with work:
        return work.jobs.fail(
            [
                JobFailure(one.job_id, one.failure, one.message[:MAX_MESSAGE], one.attempt)
                for one in failures
            ],
            clock.now(),
        )


def replay_job(job_id: UUID, *, work: JobsWork, clock: Clock) -> Job:
    """Queue a failed, quarantined or cancelled job anew, with all its attempts.

    Raises:
        NotFound: no such job.
        Conflict: it has not ended badly.
    """
    with work:
        job = work.jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job.")
        again = work.jobs.requeue(job_id, clock.now())
        if again is None:
            raise Conflict(f"A job that is {job.status} cannot be replayed.", field="status")
    return again


def report_progress(
    job_id: UUID, progress: float, message: str | None, *, work: JobsWork, clock: Clock
) -> None:
    """Keep how far a leased job is; its lease runs on.

    Raises:
        NotFound: no such job.
        Conflict: it is not leased.
    """
    with work:
        job = work.jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job.")
        if job.status != "leased" or job.leased_until is None:
            raise Conflict(f"The job is {job.status}, not leased.", field="status")
        work.jobs.report(job_id, progress, message, max(job.leased_until, clock.now()))
