"""Jobs whose workers take messages from a queue, on the in-memory stores."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.fakes.queue import MemoryQueue

from groundwork_core.errors import Conflict, NotFound
from groundwork_core.jobs.fail_jobs import MAX_MESSAGE, fail_jobs
from groundwork_core.jobs.lease_rules import RETRY_BASE_SECONDS, RETRY_MAX_SECONDS
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.jobs.replay_job import replay_job
from groundwork_core.jobs.sweep import end_leases_and_pauses, sweep_jobs
from groundwork_core.jobs.timers import Timers

from .workers import QUEUE_LEASE_SECONDS, Workers


def fail(workers: Workers, job_id: UUID, failure: FailureClass, message: str = "why") -> str | None:
    failures = [JobFailure(job_id, failure, message)]
    return fail_jobs(failures, work=workers.work, clock=workers.clock).get(job_id)


# Leases


def test_a_lease_by_message_belongs_to_it_and_lasts_as_long_as_requested(workers: Workers) -> None:
    job_id = workers.add()
    (job,) = workers.lease_for("1")
    row = workers.row(job_id)
    assert row["leased_until"] == workers.clock.moment + timedelta(seconds=QUEUE_LEASE_SECONDS)
    assert row["lease_owner"] == "queue:1"
    assert job.lease_token == row["lease_token"]


def test_a_message_for_which_nothing_waits_gets_no_job(workers: Workers) -> None:
    job_id = workers.add()
    assert [job.id for job in workers.lease_for("1", "2", "2")] == [job_id]
    assert workers.lease_for("3") == []


def test_a_message_gets_a_job_whose_lease_has_expired_if_no_other_waits(workers: Workers) -> None:
    job_id = workers.add()
    workers.lease_for("1")
    workers.clock.pass_by(seconds=QUEUE_LEASE_SECONDS - 1)
    assert workers.lease_for("2") == []
    workers.clock.pass_by(seconds=1)
    assert [job.id for job in workers.lease_for("3")] == [job_id]
    assert workers.outcomes(job_id) == ["expired", None]


# Failures


@pytest.mark.parametrize("failure", list(FailureClass))
def test_only_a_final_failure_ends_a_job_at_its_first_attempt(
    workers: Workers, failure: FailureClass
) -> None:
    job_id = workers.add()
    workers.lease_for("1")
    assert fail(workers, job_id, failure) == ("failed" if failure.final else "queued")
    assert workers.row(job_id)["error"]["class"] == failure


def test_the_message_of_a_failure_is_cut(workers: Workers) -> None:
    job_id = workers.add()
    workers.lease_for("1")
    fail(workers, job_id, FailureClass.BAD_INPUT, "x" * (MAX_MESSAGE + 1))
    assert workers.row(job_id)["error"]["message"] == "x" * MAX_MESSAGE


def test_the_pause_after_a_failure_doubles_up_to_an_hour_and_is_random(workers: Workers) -> None:
    jobs = [workers.add(max_attempts=100) for _ in range(20)]
    longest = RETRY_BASE_SECONDS
    for attempt in range(12):
        assert len(workers.lease_for(*(f"{attempt}.{n}" for n in range(20)))) == 20
        pauses = set()
        for job_id in jobs:
            fail(workers, job_id, FailureClass.RETRYABLE)
            pauses.add((workers.row(job_id)["not_before"] - workers.clock.moment).total_seconds())
        assert 0 <= min(pauses) < max(pauses) <= longest
        longest = min(RETRY_MAX_SECONDS, 2 * longest)
        workers.clock.pass_by(seconds=RETRY_MAX_SECONDS)
    assert longest == RETRY_MAX_SECONDS


# Replay


def test_only_a_job_that_ended_badly_is_replayed(workers: Workers) -> None:
    job_id = workers.add()
    with pytest.raises(Conflict, match="A queued job cannot be replayed"):
        replay_job(job_id, work=workers.work, clock=workers.clock)
    workers.lease_for("1")
    fail(workers, job_id, FailureClass.BAD_INPUT)
    again = replay_job(job_id, work=workers.work, clock=workers.clock)
    assert (again.status, again.attempt) == ("queued", 0)
    with pytest.raises(NotFound):
        replay_job(uuid4(), work=workers.work, clock=workers.clock)


# The sweep


def test_the_sweep_ends_leases_and_pauses_that_are_over(workers: Workers) -> None:
    expired, paused = workers.add(), workers.add()
    workers.lease_for("1")
    workers.lease_for("2")
    failure = JobFailure(paused, FailureClass.RETRYABLE, "why", retry_after_seconds=60)
    fail_jobs([failure], work=workers.work, clock=workers.clock)
    workers.clock.pass_by(seconds=QUEUE_LEASE_SECONDS)
    assert end_leases_and_pauses(work=workers.work, clock=workers.clock) == 1
    rows = [workers.row(job_id) for job_id in (expired, paused)]
    assert [(row["status"], row["not_before"]) for row in rows] == [("queued", None)] * 2


def test_the_sweep_announces_again_what_waits_for_long(workers: Workers) -> None:
    workers.add()
    announced = []
    for _ in range(4):
        found = sweep_jobs(300, work=workers.work, clock=workers.clock)
        announced.append(found.announced)
        workers.clock.pass_by(seconds=150)
    assert announced == [0, 0, 1, 0]


def test_the_sweep_sets_a_timer_for_the_end_of_a_long_lease(workers: Workers) -> None:
    workers.add()
    workers.one(seconds=3600)
    queue = MemoryQueue()

    def sweep() -> int:
        timers = Timers(queue, workers.clock)
        sweep_jobs(10**6, work=workers.work, clock=workers.clock, timers=timers)
        return len(queue.messages)

    assert sweep() == 0
    workers.clock.pass_by(seconds=3540)
    assert sweep() == 1
    assert 60 <= queue.delays[0] <= 66
