"""End attempts that failed, and try again what ended badly."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from groundwork_core.clock import Clock
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
