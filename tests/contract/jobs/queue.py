"""A queue of jobs of one kind, leased for messages at a fixed time."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from groundwork_core.jobs.model import FailureClass, WorkerJob
from groundwork_core.jobs.ports import JobFailure

from ..work import Work

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=5)
KIND = "tag"
MESSAGES = count()


def lease(
    work: Work, owner: str | None = None, now: datetime = NOW, kind: str = KIND
) -> WorkerJob | None:
    """Lease the next job for a new message, or for one that is delivered again."""
    owners = [owner or f"queue:{next(MESSAGES)}"]
    with work:
        found = work.jobs.lease_for_messages({kind}, owners, now, now + (UNTIL - NOW))
    return found[0] if found else None


def lease_all(work: Work) -> list[UUID]:
    found = []
    while job := lease(work):
        found.append(job.id)
    return found


def fail(
    work: Work,
    job_id: UUID,
    failure: FailureClass = FailureClass.RETRYABLE,
    attempt: int | None = None,
    retry_after_seconds: int | None = None,
) -> str | None:
    one = JobFailure(job_id, failure, "why", attempt, retry_after_seconds=retry_after_seconds)
    with work:
        return work.jobs.fail([one], NOW).get(job_id)


def stored(work: Work, job_id: UUID) -> WorkerJob:
    with work:
        found = work.jobs.get(job_id)
    assert found is not None
    return found


def outcomes(work: Work, job_id: UUID) -> list[tuple[str, str | None]]:
    with work:
        return [(one.worker, one.outcome) for one in work.leases.attempts(job_id)]
