"""Leases for messages of the queue."""

from ..work import Stores
from .queue import KIND, NOW, UNTIL, lease, outcomes


def test_each_message_gets_a_job_while_there_are_some(both: Stores) -> None:
    jobs = [both.jobs.insert(KIND, party=name, created_at=NOW) for name in "ab"]
    with both.work as work:
        found = work.jobs.lease_for_messages({KIND}, ["queue:1", "queue:2", "queue:3"], NOW, UNTIL)
        assert {job.id for job in found} == set(jobs)
    assert [(job.status, job.attempt, job.leased_until) for job in found] == [
        ("leased", 1, UNTIL)
    ] * 2
    assert [job.lease_owner for job in found] == ["queue:1", "queue:2"]
    assert len({job.lease_token for job in found} - {None}) == 2


def test_a_redelivered_message_gets_its_job_again_with_a_new_token(both: Stores) -> None:
    both.jobs.insert(KIND, party="a")
    first = lease(both.work, "queue:1")
    both.jobs.insert(KIND, party="b", priority=9)
    again = lease(both.work, "queue:1")
    assert first is not None
    assert again is not None
    assert (again.id, again.attempt) == (first.id, 2)
    assert again.lease_token != first.lease_token
    assert outcomes(both.work, first.id) == [("queue:1", "expired"), ("queue:1", None)]


def test_a_message_redelivered_too_often_gets_another_job(both: Stores) -> None:
    silent = both.jobs.insert(KIND, party="a", priority=9)
    next_one = both.jobs.insert(KIND, party="b")
    first = [lease(both.work, "queue:1") for _ in range(3)]
    assert {job.id for job in first if job is not None} == {silent}
    fourth = lease(both.work, "queue:1")
    assert fourth is not None
    assert fourth.id == next_one
    with both.work as work:
        ended = work.jobs.get(silent)
    assert ended is not None
    assert (ended.status, ended.lease_token) == ("quarantined", None)
    assert outcomes(both.work, silent) == [("queue:1", "expired")] * 3
