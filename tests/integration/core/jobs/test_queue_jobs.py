from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.fail_jobs import fail_jobs
from groundwork_core.jobs.lease import lease_for_messages
from groundwork_core.jobs.lease_messages import LeaseRequest
from groundwork_core.jobs.lease_rules import RETRY_MAX_SECONDS
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.jobs.replay_job import replay_job
from groundwork_core.jobs.sweep import sweep_jobs
from groundwork_data.postgres import lease_sql

from ....lock_waits import lock_waits
from ....waiting import eventually

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

    from groundwork_data.postgres.jobs import PostgresJobs

FEED = "https://feed.example/rss"
WAITING_SECONDS = 300
LEASE_SECONDS = 300


@pytest.fixture
def job(path: "Path") -> UUID:
    """One waiting extract job."""
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    path.fetch(path.due())
    return UUID(str(path.job_messages()[0]["job_id"]))


def lease(path: "Path", job: UUID, message: str = "m1") -> int:
    asked = LeaseRequest(
        kinds=("extract",), worker="w", lease_seconds=LEASE_SECONDS, messages=(message,)
    )
    return len(lease_for_messages(asked, work=path.work(), clock=path.clock))


def attempts(path: "Path") -> list[tuple[int, str, str | None]]:
    return path.rows("SELECT number, worker, outcome FROM job_attempts ORDER BY number")


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


def test_a_failure_that_may_pass_is_tried_again_until_quarantine(path: "Path", job: UUID) -> None:
    ends = []
    for _ in range(5):
        assert lease(path, job) == 1
        ends.append(fail(path, job, FailureClass.RETRYABLE))
        path.clock.forward(seconds=RETRY_MAX_SECONDS)
        sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock)
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


def test_only_failed_and_quarantined_jobs_can_be_replayed(path: "Path", job: UUID) -> None:
    with pytest.raises(Conflict, match="queued"):
        replay_job(job, work=path.work(), clock=path.clock)
    lease(path, job)
    fail(path, job, FailureClass.BAD_INPUT)
    again = replay_job(job, work=path.work(), clock=path.clock)
    assert (again.status, again.attempt) == ("queued", 0)
    with pytest.raises(NotFound):
        replay_job(uuid4(), work=path.work(), clock=path.clock)


def test_the_sweep_queues_jobs_of_silent_workers_again(path: "Path", job: UUID) -> None:
    lease(path, job)
    path.clock.forward(seconds=LEASE_SECONDS - 1)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).expired == 0
    path.clock.forward(seconds=2)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).expired == 1
    assert path.rows("SELECT status, error ->> 'class' FROM jobs") == [("queued", "lease_expired")]


def test_the_sweep_quarantines_a_job_that_kills_its_workers(path: "Path", job: UUID) -> None:
    ends = []
    for _ in range(3):
        assert lease(path, job) == 1
        path.clock.forward(seconds=LEASE_SECONDS + 1)
        sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock)
        ends += path.rows("SELECT status, error ->> 'class' FROM jobs")
    assert ends == [("queued", "lease_expired")] * 2 + [("quarantined", "crashed")]


def test_a_message_that_comes_a_fourth_time_ends_a_job_that_kills_its_workers(
    path: "Path", job: UUID
) -> None:
    """Without waiting for the end of its lease."""
    assert [lease(path, job) for _ in range(4)] == [1, 1, 1, 0]
    assert path.rows("SELECT status, error ->> 'class' FROM jobs") == [("quarantined", "crashed")]
    assert attempts(path) == [(number, "queue:m1", "expired") for number in (1, 2, 3)]


def test_a_message_that_comes_a_fourth_time_keeps_a_job_whose_worker_reports(
    path: "Path", job: UUID
) -> None:
    """The last attempt goes on, and its message finds nothing else."""
    lease(path, job)
    path.rows("UPDATE jobs SET attempt = max_attempts, heard_at = now() RETURNING 1")
    assert lease(path, job) == 0
    assert path.value("SELECT status FROM jobs") == "leased"


def twice_at_once(path: "Path") -> int:
    """Ask twice at the same time for one message; return how many jobs it has."""
    path.rows("INSERT INTO jobs (kind) SELECT 'extract' FROM generate_series(1, 3) RETURNING 1")
    first, other = path.connect(), path.connect()

    def ask(jobs: "PostgresJobs") -> int:
        now, owners = path.clock.now(), ["queue:m1"]
        return len(jobs.lease_for_messages(["extract"], owners, now, now + timedelta(minutes=5)))

    def ask_otherwise() -> int:
        with path.work(other) as work:
            return ask(work.jobs)

    with ThreadPoolExecutor(1) as pool:
        with path.work(first) as work:
            assert ask(work.jobs) == 1
            second = pool.submit(ask_otherwise)
            assert eventually(lambda: second.done() or lock_waits(path.url))
        assert second.result(30) == 1
    for database in (first, other):
        database.close()
    return int(path.value("SELECT count(*) FROM jobs WHERE lease_owner = 'queue:m1'"))


def test_two_calls_at_once_for_a_message_lease_one_job(path: "Path") -> None:
    assert twice_at_once(path) == 1


def test_without_the_lock_of_messages_two_calls_for_a_message_lease_two_jobs(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(lease_sql, "LOCK_MESSAGES", "SELECT cardinality(%s::text[])")
    assert twice_at_once(path) == 2


def test_an_expired_lease_is_leased_at_once_to_another_message(path: "Path", job: UUID) -> None:
    lease(path, job, "m1")
    path.clock.forward(seconds=LEASE_SECONDS)
    assert lease(path, job, "m2") == 1
    assert attempts(path) == [(1, "queue:m1", "expired"), (2, "queue:m2", None)]


def test_a_paused_job_is_neither_leased_nor_announced(path: "Path", job: UUID) -> None:
    lease(path, job)
    failure = JobFailure(job, FailureClass.RETRYABLE, "why", retry_after_seconds=60)
    fail_jobs([failure], work=path.work(), clock=path.clock)
    assert lease(path, job) == 0
    path.clock.forward(seconds=59)
    sweep_jobs(1, work=path.work(), clock=path.clock)
    assert lease(path, job) == 0
    path.clock.forward(seconds=1)
    before = path.outbox_count()
    sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock)
    assert path.outbox_count() == before + 1
    assert lease(path, job) == 1


def test_every_lease_of_a_queue_is_an_attempt(path: "Path", job: UUID) -> None:
    lease(path, job, "m1")
    lease(path, job, "m1")
    fail(path, job, FailureClass.BAD_INPUT)
    assert attempts(path) == [(1, "queue:m1", "expired"), (2, "queue:m1", "failed")]


def test_the_sweep_announces_again_what_waits_too_long(path: "Path", job: UUID) -> None:
    path.rows("UPDATE jobs SET queued_at = %s RETURNING 1", path.clock.now())
    before = path.outbox_count()
    path.clock.forward(seconds=WAITING_SECONDS - 1)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 0
    path.clock.forward(seconds=2)
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 1
    assert path.outbox_count() == before + 1
    assert sweep_jobs(WAITING_SECONDS, work=path.work(), clock=path.clock).announced == 0


def test_the_extractor_fails_a_job_without_a_document_and_processes_the_others(
    path: "Path", job: UUID
) -> None:
    path.rows("INSERT INTO jobs (kind) VALUES ('extract') RETURNING 1")
    assert path.extract(path.job_messages())["batchItemFailures"] == []
    assert len(path.results.bodies) == 1
    assert path.rows("SELECT error ->> 'class' FROM jobs WHERE status = 'failed'") == [
        ("bad_input",)
    ]
    assert path.value("SELECT status FROM jobs WHERE id = %s", job) == "leased"
