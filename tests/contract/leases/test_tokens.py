"""A lease and its token."""

from uuid import uuid4

from groundwork_core.jobs.lease_rules import LEASED_BYTES_MAX
from groundwork_core.jobs.ports import Lease

from ..work import Stores
from .leasing import KIND, NOW, SECOND, give_back, lease, lease_many, report


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


def test_jobs_are_leased_together_only_as_far_as_they_fit_into_one_response(both: Stores) -> None:
    more_than_a_fifth = {"x": "x" * (LEASED_BYTES_MAX // 5)}
    for _ in range(5):
        both.jobs.insert(KIND, payload=more_than_a_fifth)
    assert [len(lease_many(both, 5)) for _ in range(3)] == [4, 1, 0]


def test_only_the_present_lease_token_is_valid_and_only_until_it_expires(both: Stores) -> None:
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
