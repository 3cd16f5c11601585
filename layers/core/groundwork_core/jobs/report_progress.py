"""Record the progress of a leased job."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.ports import JobsWork


def report_progress(
    job_id: UUID, progress: float, message: str | None, *, work: JobsWork, clock: Clock
) -> None:
    """Store the progress of a leased job; its lease continues.

    Raises:
        NotFound: the job does not exist.
        Conflict: it is not leased.
    """
    with work:
        job = work.jobs.get(job_id)
        if job is None:
            raise NotFound("This job does not exist.")
        if job.status != "leased" or job.leased_until is None:
            raise Conflict(f"The job is {job.status}, not leased.", field="status")
        work.jobs.report(job_id, progress, message, max(job.leased_until, clock.now()))
