from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.fail_jobs import fail_jobs
from groundwork_core.jobs.lease import QUEUE_LEASE_SECONDS, lease_from_queue, lease_next
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.jobs.replay_job import replay_job
from groundwork_core.jobs.report_progress import report_progress
from groundwork_core.jobs.sweep import sweep_jobs

if TYPE_CHECKING:
    from tests.integration.ingest.conftest import Path

FEED = "https://feed.example/rss"
WAITING_SECONDS = 300


@pytest.fixture
def job(path: "Path") -> UUID:
    """One waiting extract job."""
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    path.fetch(path.due())
    return UUID(str(path.job_messages()[0]["job_id"]))


def lease(path: "Path", job: UUID, message: str = "m1") -> int:
    return len(lease_from_queue([(job, message)], work=path.work(), clock=path.clock))


def fail(path: "Path", job: UUID, failure: FailureClass, attempt: int | None = None) -> str | None:
    failures = [JobFailure(job, failure, "why", attempt)]
    return fail_jobs(failures, work=path.work(), clock=path.clock).get(job)


def test_a_job_is_leased_to_one_message_at_a_time(path: "Path", job: UUID) -> None:
    assert lease(path, job, "m1") == 1
    assert lease(path, job, "m2") == 0


def test_a_redelivered_message_takes_its_own_lease_again(path: "Path", job: UUID) -> None:
    lease(path, job, "m1")
    assert lease(path, job, "m1") == 1
    assert path.value("SELECT attempt FROM jobs") == 2


def test_a_worker_over_http_gets_the_waiting_job_of_highest_priority(
    path: "Path", job: UUID
) -> None:
    path.rows("INSERT INTO jobs (kind, priority) VALUES ('extract', 9), ('other', 9) RETURNING 1")
    first = lease_next(["extract"], "me", 60, work=path.work(), clock=path.clock)
    second = lease_next(["extract"], "me", 60, work=path.work(), clock=path.clock)
    third = lease_next(["extract"], "me", 60, work=path.work(), clock=path.clock)
    assert first is not None
    assert second is not None
    assert (first.priority, second.id, third) == (9, job, None)
    assert (second.lease_owner, second.payload["revision"]) == ("me", 1)


def test_a_failure_that_may_pass_is_tried_again_until_quarantine(path: "Path", job: UUID) -> None:
    ends = []
    for _ in range(5):
        lease(path, job)
        ends.append(fail(path, job, FailureClass.RETRYABLE))
    assert ends == ["queued"] * 4 + ["quarantined"]
    assert path.value("SELECT error FROM jobs") == {"class": "retryable", "message": "why"}
    assert lease(path, job) == 0


@pytest.mark.parametrize("failure", [FailureClass.BAD_INPUT, FailureClass.BAD_RESULT])
def test_a_failure_that_another_attempt_cannot_mend_is_final(
    path: "Path", job: UUID, failure: FailureClass
) -> None:
    lease(path, job)
    assert fail(path, job, failure) == "failed"


def test_a_failure_of_an_earlier_attempt_changes_nothing(path: "Path", job: UUID) -> None:
    lease(path, job)
    lease(path, job)
    assert fail(path, job, FailureClass.INTERNAL, attempt=1) is None
    assert path.value("SELECT status FROM jobs") == "leased"


def test_what_ended_badly_can_be_replayed_and_nothing_else(path: "Path", job: UUID) -> None:
    with pytest.raises(Conflict, match="queued"):
        replay_job(job, work=path.work(), clock=path.clock)
    lease(path, job)
    fail(path, job, FailureClass.BAD_INPUT)
    again = replay_job(job, work=path.work(), clock=path.clock)
    assert (again.status, again.attempt) == ("queued", 0)
    with pytest.raises(NotFound):
        replay_job(uuid4(), work=path.work(), clock=path.clock)


def test_progress_is_kept_while_the_job_is_leased(path: "Path", job: UUID) -> None:
    with pytest.raises(Conflict, match="not leased"):
        report_progress(job, 0.5, None, work=path.work(), clock=path.clock)
    lease(path, job)
    report_progress(job, 0.5, "half", work=path.work(), clock=path.clock)
    assert path.rows("SELECT progress, result FROM jobs") == [(0.5, {"message": "half"})]
    kinds = path.rows("SELECT kind FROM outbox WHERE aggregate = 'jobs' ORDER BY id DESC LIMIT 1")
    assert kinds == [("progress",)]


def test_the_sweep_takes_jobs_of_silent_workers_back(path: "Path", job: UUID) -> None:
    lease(path, job)
    path.clock.forward(seconds=QUEUE_LEASE_SECONDS - 1)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).expired == 0
    path.clock.forward(seconds=2)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).expired == 1
    assert path.rows("SELECT status, error ->> 'class' FROM jobs") == [("queued", "lease_expired")]


def test_the_sweep_quarantines_a_job_whose_workers_all_fell_silent(path: "Path", job: UUID) -> None:
    for _ in range(5):
        lease(path, job)
        path.clock.forward(seconds=QUEUE_LEASE_SECONDS + 1)
        sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock)
    assert path.value("SELECT status FROM jobs") == "quarantined"


def test_the_sweep_announces_again_what_waits_too_long(path: "Path", job: UUID) -> None:
    path.rows("UPDATE jobs SET queued_at = %s RETURNING 1", path.clock.now())
    before = path.outbox_count()
    path.clock.forward(seconds=WAITING_SECONDS - 1)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 0
    path.clock.forward(seconds=2)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 1
    assert path.outbox_count() == before + 1
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 0


def test_the_extractor_fails_a_job_without_a_document_and_goes_on(path: "Path", job: UUID) -> None:
    path.rows("INSERT INTO jobs (kind) VALUES ('extract') RETURNING 1")
    assert path.extract(path.job_messages())["batchItemFailures"] == []
    assert len(path.results.bodies) == 1
    assert path.rows("SELECT error ->> 'class' FROM jobs WHERE status = 'failed'") == [
        ("bad_input",)
    ]
    assert path.value("SELECT status FROM jobs WHERE id = %s", job) == "leased"
