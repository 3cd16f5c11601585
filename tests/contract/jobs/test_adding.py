"""Jobs that are added to the queue."""

from uuid import uuid4

from groundwork_core.jobs.model import JobRow

from ..work import Stores, Work
from .queue import KIND, lease_all, stored


def test_jobs_with_the_same_key_are_queued_once(work: Work) -> None:
    rows = [JobRow(KIND, {"n": n}, None, key) for n, key in enumerate(("a", "b", "a", None, None))]
    with work:
        work.jobs.add(rows)
    with work:
        work.jobs.add(rows[:2])
        found = work.jobs.lock(lease_all(work))
    assert sorted(str(job.payload["n"]) for job in found) == ["0", "1", "3", "4"]


def test_a_new_job_waits_with_all_its_attempts(both: Stores) -> None:
    job = stored(both.work, both.jobs.insert(KIND, payload={"x": 1}, max_attempts=3))
    assert (job.status, job.attempt, job.max_attempts, job.progress) == ("queued", 0, 3, 0)
    assert (job.payload, job.lease_owner, job.lease_token) == ({"x": 1}, None, None)


def test_an_unknown_job_is_none_and_is_not_locked(both: Stores) -> None:
    known = [both.jobs.insert(KIND) for _ in range(2)]
    with both.work as work:
        assert work.jobs.get(uuid4()) is None
        assert [job.id for job in work.jobs.lock([*known[::-1], uuid4()])] == sorted(known, key=str)
