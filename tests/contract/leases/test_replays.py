"""Failed jobs that are replayed."""

from datetime import UTC, datetime

from groundwork_core.jobs.lease_rules import REPLAYS_PER_SECOND
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import Lease

from ..work import Stores
from .leasing import KIND, NOW, SECOND, fail, lease, lease_many, outcomes, stored, tidy


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
