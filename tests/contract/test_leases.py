"""Leases that workers ask for over HTTP: in memory and on Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from groundwork_core.jobs.lease_messages import Attempt, KindStats, Leased, ReportTaken
from groundwork_core.jobs.lease_rules import LEASED_BYTES_MAX, REPLAYS_PER_SECOND
from groundwork_core.jobs.model import FailureClass, WorkerJob
from groundwork_core.jobs.ports import JobFailure, Lease

from .work import Stores, stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KIND = "tag"
LIMIT = 10


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from stores(request)


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


def stats(both: Stores) -> dict[str, KindStats]:
    """Return the state of each kind now; attempts end at the time of the database."""
    with both.work as work:
        return work.leases.stats(datetime.now(UTC)).root


# A lease and its token


def test_a_job_is_leased_with_its_payload_and_a_token(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, payload={"x": 1}, priority=7)
    (job,) = lease_many(both, 5)
    assert (job.id, job.kind, job.payload, job.priority) == (job_id, KIND, {"x": 1}, 7)
    assert (job.status, job.attempt, job.progress) == ("leased", 1, 0)
    assert (job.leased_until, job.waiting_for) == (NOW + 60 * SECOND, None)
    assert lease_many(both, 5) == []


def test_each_job_is_leased_once_in_the_order(both: Stores) -> None:
    jobs = [both.jobs.insert(KIND, priority=9 - n, created_at=NOW) for n in range(5)]
    first, rest = lease_many(both, 2), lease_many(both, 100)
    assert [job.id for job in first + rest] == jobs
    assert len({job.lease_token for job in first + rest}) == 5


def test_several_jobs_are_leased_together_only_if_they_fit_into_one_answer(both: Stores) -> None:
    more_than_a_fifth = {"x": "x" * (LEASED_BYTES_MAX // 5)}
    for _ in range(5):
        both.jobs.insert(KIND, payload=more_than_a_fifth)
    assert [len(lease_many(both, 5)) for _ in range(3)] == [4, 1, 0]


def test_only_the_present_token_holds_and_only_until_its_end(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    with both.work as work:
        assert work.leases.holds(held, NOW + 59 * SECOND)
        assert not work.leases.holds(held, NOW + 60 * SECOND)
        assert not work.leases.holds(Lease(held.job_id, uuid4()), NOW)
        assert not work.leases.holds(Lease(uuid4(), held.token), NOW)


def test_an_old_token_changes_nothing(both: Stores) -> None:
    both.jobs.insert(KIND)
    old = lease(both)
    give_back(both, old)
    present = lease(both)
    assert report(both, old, NOW) is None
    assert not give_back(both, old)
    with both.work as work:
        assert not work.leases.holds(old, NOW)
        assert work.leases.holds(present, NOW)


# Status reports


def test_a_report_extends_the_lease_and_keeps_the_checkpoint(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    taken = report(both, held, NOW + 50 * SECOND, message="half", checkpoint="page 7")
    assert taken == ReportTaken(leased_until=NOW + 110 * SECOND, cancel_requested=False)
    assert stored(both, held.job_id).progress == 0.5
    give_back(both, held)
    (again,) = lease_many(both, 1)
    assert (again.checkpoint, again.message, again.progress) == ("page 7", None, 0)


def test_reports_in_quick_succession_leave_the_end_as_it_is(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    taken = report(both, held, NOW + SECOND / 2)
    assert taken is not None
    assert taken.leased_until == NOW + 60 * SECOND


def test_a_report_on_an_expired_lease_is_not_taken(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    assert report(both, held, NOW + 60 * SECOND) is None


@pytest.mark.parametrize(
    ("reports", "status"), [("--", "queued"), ("---", "quarantined"), ("--r--", "queued")]
)
def test_silent_expiries_are_counted_from_the_last_report(
    both: Stores, reports: str, status: str
) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=100)
    for one in reports:
        held = lease(both)
        if one == "r":
            report(both, held, NOW)
        tidy(both, NOW + 60 * SECOND)
    assert stored(both, job_id).status == status
    assert outcomes(both, job_id) == ["expired"] * len(reports)


# Given back, cancelled, finished


def test_a_job_that_is_given_back_has_used_no_attempt(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=1)
    for _ in range(3):
        assert give_back(both, lease(both))
    assert (stored(both, job_id).status, stored(both, job_id).attempt) == ("queued", 0)
    assert outcomes(both, job_id) == ["released"] * 3


def test_a_deferred_job_waits_and_names_its_batch(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    assert give_back(both, lease(both), pause_seconds=30)
    assert lease_many(both, 1) == []
    assert [tidy(both, NOW + n * SECOND) for n in (29, 30)] == [0, 1]
    (again,) = lease_many(both, 1)
    assert (again.id, again.reference, again.attempt) == (job_id, "batch", 1)
    assert outcomes(both, job_id) == ["deferred", None]


def test_a_queued_job_is_cancelled_at_once(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    with both.work as work:
        assert work.leases.cancel(job_id, NOW) == "cancelled"
        assert work.leases.cancel(job_id, NOW) == "cancelled"
        assert work.leases.cancel(uuid4(), NOW) is None
    assert lease_many(both, 1) == []


@pytest.mark.parametrize("end", ["given back", "expired", "failed"])
def test_the_worker_of_a_leased_job_is_asked_to_stop(both: Stores, end: str) -> None:
    job_id = both.jobs.insert(KIND)
    held = lease(both)
    with both.work as work:
        assert work.leases.cancel(job_id, NOW) == "leased"
    taken = report(both, held, NOW)
    assert taken is not None
    assert taken.cancel_requested
    if end == "given back":
        give_back(both, held)
    elif end == "expired":
        tidy(both, NOW + 60 * SECOND)
    else:
        fail(both, held, FailureClass.RETRYABLE)
    assert stored(both, job_id).status == "cancelled"
    assert outcomes(both, job_id) == ["expired" if end == "expired" else "cancelled"]


def test_a_finished_job_was_accepted_under_its_lease_alone(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    old = lease(both)
    give_back(both, old)
    held = lease(both)
    with both.work as work:
        assert not work.leases.succeeded_with(held)
        work.leases.finish(held, {"answer": 42})
        assert work.leases.succeeded_with(held)
        assert not work.leases.succeeded_with(old)
        assert not work.leases.succeeded_with(Lease(uuid4(), held.token))
        assert work.leases.cancel(job_id, NOW) == "succeeded"
    assert outcomes(both, job_id) == ["released", "succeeded"]


def test_attempts_are_numbered_and_name_their_workers_and_errors(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    fail(both, lease(both), FailureClass.INTERNAL)
    tidy(both, NOW)
    lease(both)
    first, second = attempts(both, job_id)
    assert (first.number, first.worker, first.outcome) == (1, "w", "failed")
    assert first.error == {"class": "internal", "message": "why"}
    assert first.ended_at is not None
    assert first.ended_at >= first.started_at
    assert (second.number, second.ended_at, second.outcome, second.error) == (2, None, None, None)
    assert attempts(both, uuid4()) == []


# Replays


def test_failed_jobs_of_a_class_are_replayed_at_a_bounded_rate(both: Stores) -> None:
    for _ in range(25):
        both.jobs.insert(KIND)
    for job in lease_many(both, 25):
        fail(both, Lease(job.id, job.lease_token))
    with both.work as work:
        assert work.leases.replay("other", None, None, NOW) == (0, False)
        assert work.leases.replay(KIND, "internal", None, NOW) == (0, False)
        assert work.leases.replay(KIND, None, datetime.max.replace(tzinfo=UTC), NOW) == (0, False)
        assert work.leases.replay(KIND, "bad_input", NOW.replace(year=2020), NOW) == (25, False)
    begun = [len(lease_many(both, 100))]
    for seconds in range(1, 4):
        tidy(both, NOW + seconds * SECOND, 100)
        begun.append(len(lease_many(both, 100)))
    assert begun == [1, REPLAYS_PER_SECOND, REPLAYS_PER_SECOND, 4]


def test_a_replayed_job_has_all_its_attempts_again(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=1)
    fail(both, lease(both), FailureClass.RETRYABLE)
    assert stored(both, job_id).status == "quarantined"
    with both.work as work:
        assert work.leases.replay(KIND, None, None, NOW) == (1, False)
    job = stored(both, job_id)
    assert (job.status, job.attempt) == ("queued", 0)
    assert outcomes(both, job_id) == ["failed"]


# Stats


def test_stats_count_the_jobs_of_each_kind_by_state(both: Stores) -> None:
    made = datetime.now(UTC) - timedelta(hours=1)
    for n in range(5):
        both.jobs.insert(KIND, created_at=made + n * SECOND, max_attempts=1)
    both.jobs.insert("other")
    done, failed, deferred = (lease(both) for _ in range(3))
    with both.work as work:
        work.leases.finish(done, {})
    fail(both, failed, FailureClass.RETRYABLE)
    give_back(both, deferred, pause_seconds=60)
    lease(both)
    found = stats(both)
    assert set(found) == {KIND, "other"}
    ours = found[KIND]
    assert (ours.queued, ours.leased, ours.deferred, ours.quarantined) == (1, 1, 1, 1)
    assert (ours.done_per_minute, ours.failures) == (0.2, {"retryable": 1})
    assert ours.oldest_seconds is not None
    assert ours.oldest_seconds > 3000
    assert (found["other"].queued, found["other"].failures) == (1, {})


def test_without_jobs_there_are_no_stats(both: Stores) -> None:
    assert stats(both) == {}


# The calls that are transactions of their own


def test_a_quick_lease_is_a_lease(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    (text,) = both.quick.lease([KIND], "w", NOW, 60, 5)
    job = Leased.model_validate_json(text)
    held = Lease(job.id, job.lease_token)
    assert (job.id, job.leased_until) == (job_id, NOW + 60 * SECOND)
    assert both.quick.lease([KIND], "w", NOW, 60, 5) == []
    taken = both.quick.report(held, NOW + 9 * SECOND, progress=1, message=None, checkpoint=None)
    assert taken is not None
    assert ReportTaken.model_validate_json(taken).leased_until == NOW + 69 * SECOND
    old = Lease(job_id, uuid4())
    assert both.quick.report(old, NOW, progress=1, message=None, checkpoint=None) is None
    assert outcomes(both, job_id) == [None]


def test_idle_is_a_kind_of_which_nothing_waits_and_nothing_is_over(both: Stores) -> None:
    assert both.quick.is_idle([KIND], NOW)
    both.jobs.insert(KIND)
    assert not both.quick.is_idle([KIND], NOW)
    assert both.quick.is_idle(["other"], NOW)
    held = lease(both)
    assert both.quick.is_idle([KIND], NOW + 59 * SECOND)
    assert not both.quick.is_idle(["other"], NOW + 60 * SECOND)
    give_back(both, held, pause_seconds=30)
    assert both.quick.is_idle([KIND], NOW + 29 * SECOND)
    assert not both.quick.is_idle(["other"], NOW + 30 * SECOND)
