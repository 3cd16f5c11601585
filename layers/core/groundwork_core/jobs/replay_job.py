"""Queue a failed, quarantined or cancelled job again."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import JobsWork


def replay_job(job_id: UUID, *, work: JobsWork, clock: Clock) -> WorkerJob:
    """Queue a failed, quarantined or cancelled job again, with its full number of attempts.

    Raises:
        NotFound: the job does not exist.
        Conflict: it is queued, leased or succeeded.
    """
    with work:
        job = work.jobs.get(job_id)
        if job is None:
            raise NotFound("This job does not exist.")
        again = work.jobs.requeue(job_id, clock.now())
        if again is None:
            raise Conflict(f"A {job.status} job cannot be replayed.", field="status")
    return again
