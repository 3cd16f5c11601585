"""Leases and pauses that end by time."""

from datetime import UTC, datetime, timedelta

from ..work import Stores
from .queue import KIND, NOW, UNTIL, fail, lease, outcomes, stored

MUCH_LATER = datetime(2999, 1, 1, tzinfo=UTC)


def test_an_expired_lease_queues_its_job_again(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    with both.work as work:
        assert work.jobs.expire_leases(UNTIL - timedelta(seconds=1), 10) == 0
        assert work.jobs.expire_leases(UNTIL, 10) == 1
    assert stored(both.work, job_id).status == "queued"
    assert outcomes(both.work, job_id) == [("queue:1", "expired")]


def test_the_last_attempt_that_expires_quarantines_its_job(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=1)
    lease(both.work)
    with both.work as work:
        work.jobs.expire_leases(UNTIL, 10)
    assert stored(both.work, job_id).status == "quarantined"


def test_three_silent_expiries_in_a_row_quarantine_a_job(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=100)
    states = []
    for _ in range(3):
        lease(both.work)
        with both.work as work:
            work.jobs.expire_leases(UNTIL, 10)
        states.append(stored(both.work, job_id).status)
    assert states == ["queued", "queued", "quarantined"]
    with both.work as work:
        (found,) = {one.error["class"] for one in work.leases.attempts(job_id)[2:] if one.error}
    assert found == "crashed"


def test_one_call_ends_a_limited_number_of_leases(both: Stores) -> None:
    for _ in range(3):
        both.jobs.insert(KIND)
        lease(both.work)
    with both.work as work:
        assert [work.jobs.expire_leases(UNTIL, 2) for _ in range(3)] == [2, 1, 0]


def test_a_job_that_waits_too_long_is_announced_again(both: Stores) -> None:
    both.jobs.insert(KIND, queued_at=NOW)
    with both.work as work:
        assert work.jobs.reannounce(NOW - timedelta(seconds=1), UNTIL, 10) == 0
        assert work.jobs.reannounce(NOW, UNTIL, 10) == 1
        assert work.jobs.reannounce(NOW, UNTIL, 10) == 0
    assert both.work.position is not None


def test_ends_of_leases_and_pauses_over_a_given_length_are_late(both: Stores) -> None:
    for _ in range(2):
        both.jobs.insert(KIND)
    lease(both.work)
    job = lease(both.work)
    assert job is not None
    fail(both.work, job.id, retry_after_seconds=301)
    with both.work as work:
        long = work.jobs.late_ends(NOW, MUCH_LATER, 300)
        short = work.jobs.late_ends(NOW, MUCH_LATER, 302)
    assert sorted(long) == [UNTIL, UNTIL + timedelta(seconds=3)]
    assert short == []
