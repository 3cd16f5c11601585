"""Queue a job again that failed, was quarantined or was cancelled."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import JobsWork


def replay_job(job_id: UUID, *, work: JobsWork, clock: Clock) -> WorkerJob:
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
