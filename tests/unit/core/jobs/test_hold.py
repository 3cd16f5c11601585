"""The calls of workers and clients about jobs, on the in-memory stores."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import Conflict, LeaseLost, NotFound
from groundwork_core.jobs import hold
from groundwork_core.jobs.lease_messages import (
    Deferral,
    FailureReport,
    Leased,
    ReplayRequest,
    ReportTaken,
    StatusReport,
)
from groundwork_core.jobs.lease_rules import MESSAGE_MAX, REPLAYS_PER_SECOND, TAKEN_BACK_MAX

from .workers import KIND, Workers


def report(workers: Workers, job: Leased, progress: float = 0.5) -> ReportTaken:
    given = StatusReport(lease_token=job.lease_token, progress=progress)
    return hold.report_status(
        job.id, given, quick=workers.quick, work=workers.work, clock=workers.clock
    )


def fail(workers: Workers, job: Leased, failure: str = "retryable", message: str = "why") -> None:
    given = FailureReport.model_validate(
        {"lease_token": job.lease_token, "class": failure, "message": message}
    )
    hold.fail_leased(job.id, given, work=workers.work, clock=workers.clock)


def release(workers: Workers, job: Leased) -> None:
    hold.release(job.id, job.lease_token, work=workers.work, clock=workers.clock)


def defer(workers: Workers, job: Leased) -> None:
    given = Deferral(lease_token=job.lease_token, reference="batch", check_after_seconds=60)
    hold.defer(job.id, given, work=workers.work, clock=workers.clock)


def cancel(workers: Workers, job_id: UUID) -> None:
    hold.cancel(job_id, work=workers.work, clock=workers.clock)


Call = Callable[[Workers, Leased], object]
CALLS: list[Call] = [report, fail, release, defer]


def test_a_lease_call_ends_expired_leases_if_no_other_job_waits(workers: Workers) -> None:
    expired = workers.add()
    first = workers.one(seconds=10)
    workers.clock.pass_by(seconds=9)
    assert workers.lease() == []
    workers.clock.pass_by(seconds=1)
    again = workers.one()
    assert (again.id, again.attempt) == (expired, 2)
    assert again.lease_token != first.lease_token


def test_a_lease_call_leaves_expired_leases_while_others_wait(workers: Workers) -> None:
    expired = workers.add()
    workers.one(seconds=10)
    waiting = workers.add()
    workers.clock.pass_by(seconds=10)
    assert workers.one().id == waiting
    assert workers.row(expired)["status"] == "leased"


def test_a_lease_call_ends_a_limited_number_of_expired_leases(workers: Workers) -> None:
    for _ in range(TAKEN_BACK_MAX + 1):
        workers.add()
    for _ in range(2):
        workers.lease(seconds=10, most=100)
    workers.clock.pass_by(seconds=10)
    assert len(workers.lease(most=100)) == TAKEN_BACK_MAX
    assert hold.take_back_expired(work=workers.work, clock=workers.clock) == 1


@pytest.mark.parametrize("call", CALLS)
def test_a_lost_lease_and_an_unknown_job_are_different_errors(workers: Workers, call: Call) -> None:
    workers.add()
    job = workers.one()
    with pytest.raises(NotFound):
        call(workers, job.model_copy(update={"id": uuid4()}))
    with pytest.raises(LeaseLost):
        call(workers, job.model_copy(update={"lease_token": uuid4()}))
    workers.clock.pass_by(seconds=60)
    with pytest.raises(LeaseLost):
        call(workers, job)
    assert workers.row(job.id)["status"] == "leased"


def test_a_status_report_extends_the_lease_by_its_whole_length(workers: Workers) -> None:
    workers.add()
    job = workers.one(seconds=60)
    for _ in range(5):
        workers.clock.pass_by(seconds=50)
        taken = report(workers, job)
    assert (taken.leased_until - workers.clock.moment).total_seconds() == 60


def test_only_a_failure_and_an_expiry_use_an_attempt(workers: Workers) -> None:
    job_id = workers.add()
    release(workers, workers.one())
    defer(workers, workers.one())
    workers.clock.pass_by(seconds=60)
    assert workers.one().attempt == 1
    workers.clock.pass_by(seconds=60)
    fail(workers, workers.one())
    assert workers.row(job_id)["attempt"] == 2
    assert workers.outcomes(job_id) == ["released", "deferred", "expired", "failed"]


def test_the_message_of_a_failure_is_cut(workers: Workers) -> None:
    job_id = workers.add()
    fail(workers, workers.one(), "bad_input", "x" * MESSAGE_MAX)
    error = workers.row(job_id)["error"]
    assert error == {"class": "bad_input", "message": "x" * MESSAGE_MAX}


def test_a_job_that_has_ended_cannot_be_cancelled(workers: Workers) -> None:
    job_id = workers.add()
    fail(workers, workers.one(), "bad_input")
    with pytest.raises(Conflict, match="A job that is failed cannot be cancelled"):
        cancel(workers, job_id)
    with pytest.raises(NotFound):
        cancel(workers, uuid4())


def test_a_job_is_cancelled_at_once_or_its_worker_is_asked_to_stop(workers: Workers) -> None:
    leased, queued = workers.add(priority=9), workers.add()
    job = workers.one()
    cancel(workers, leased)
    cancel(workers, queued)
    assert workers.row(queued)["status"] == "cancelled"
    assert report(workers, job).cancel_requested
    release(workers, job)
    assert workers.row(leased)["status"] == "cancelled"


def test_a_job_whose_lease_has_expired_is_cancelled_at_once(workers: Workers) -> None:
    job_id = workers.add()
    workers.one(seconds=10)
    workers.clock.pass_by(seconds=10)
    cancel(workers, job_id)
    assert workers.row(job_id)["status"] == "cancelled"


def test_replayed_jobs_start_one_after_the_other(workers: Workers) -> None:
    for _ in range(REPLAYS_PER_SECOND + 1):
        workers.add()
        fail(workers, workers.one(), "bad_input")
    asked = ReplayRequest(kind=KIND)
    replayed = hold.replay_jobs(asked, work=workers.work, clock=workers.clock)
    assert (replayed.replayed, replayed.more) == (REPLAYS_PER_SECOND + 1, False)
    assert replayed.last_starts_at is not None
    assert (replayed.last_starts_at - workers.clock.moment).total_seconds() == 1
    none = hold.replay_jobs(asked, work=workers.work, clock=workers.clock)
    assert (none.replayed, none.last_starts_at) == (0, None)


def test_attempts_show_an_expired_lease_as_expired(workers: Workers) -> None:
    job_id = workers.add()
    assert workers.attempts(job_id) == []
    workers.one(seconds=10)
    assert workers.outcomes(job_id) == [None]
    workers.clock.pass_by(seconds=10)
    assert workers.outcomes(job_id) == ["expired"]
    with pytest.raises(NotFound):
        workers.attempts(uuid4())


def test_stats_show_an_expired_lease_as_queued(workers: Workers) -> None:
    workers.add()
    workers.one(seconds=10)
    workers.clock.pass_by(seconds=10)
    found = hold.job_stats(work=workers.work, clock=workers.clock).root[KIND]
    assert (found.leased, found.queued, found.oldest_seconds) == (0, 1, 10)
    assert found.failures == {"lease_expired": 1}
