"""Calls of a worker that leases over HTTP, at a fixed time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from groundwork_core.jobs.lease_messages import Attempt, Leased, ReportTaken
from groundwork_core.jobs.model import FailureClass, WorkerJob
from groundwork_core.jobs.ports import JobFailure, Lease

from ..work import Stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KIND = "tag"
LIMIT = 10


def lease_many(both: Stores, most: int, kind: str = KIND) -> list[Leased]:
    with both.work as work:
        texts = work.leases.lease([kind], "w", NOW, 60, most)
    return [Leased.model_validate_json(text) for text in texts]


def lease(both: Stores) -> Lease:
    """Lease the next job for 60 seconds."""
    (job,) = lease_many(both, 1)
    return Lease(job.id, job.lease_token)


def report(
    both: Stores, held: Lease, now: datetime, *, message: str | None = None, checkpoint: str = "c"
) -> ReportTaken | None:
    with both.work as work:
        text = work.leases.report(held, now, progress=0.5, message=message, checkpoint=checkpoint)
    return None if text is None else ReportTaken.model_validate_json(text)


def give_back(both: Stores, held: Lease, *, pause_seconds: int | None = None) -> bool:
    with both.work as work:
        return work.leases.give_back(held, NOW, reference="batch", pause_seconds=pause_seconds)


def fail(both: Stores, held: Lease, failure: FailureClass = FailureClass.BAD_INPUT) -> None:
    with both.work as work:
        work.jobs.fail([JobFailure(held.job_id, failure, "why")], NOW)


def stored(both: Stores, job_id: UUID) -> WorkerJob:
    with both.work as work:
        found = work.jobs.get(job_id)
    assert found is not None
    return found


def attempts(both: Stores, job_id: UUID) -> list[Attempt]:
    with both.work as work:
        return work.leases.attempts(job_id)


def outcomes(both: Stores, job_id: UUID) -> list[str | None]:
    return [one.outcome for one in attempts(both, job_id)]


def tidy(both: Stores, now: datetime, limit: int = LIMIT) -> int:
    with both.work as work:
        return work.leases.tidy(now, limit)
