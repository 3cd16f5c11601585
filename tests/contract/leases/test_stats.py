"""The state of each kind of jobs."""

from datetime import UTC, datetime, timedelta

from groundwork_core.jobs.lease_messages import KindStats
from groundwork_core.jobs.model import FailureClass

from ..work import Stores
from .leasing import KIND, SECOND, fail, give_back, lease


def stats(both: Stores) -> dict[str, KindStats]:
    """Return the state of each kind now; attempts end at the time of the database."""
    with both.work as work:
        return work.leases.stats(datetime.now(UTC)).root


def test_stats_count_the_jobs_of_each_kind_by_state(both: Stores) -> None:
    made = datetime.now(UTC) - timedelta(hours=1)
    for n in range(5):
        both.jobs.insert(KIND, created_at=made + n * SECOND, max_attempts=1)
    both.jobs.insert("other")
    done, failed, deferred = (lease(both) for _ in range(3))
    with both.work as work:
        work.jobs.succeed([(done.job_id, {})])
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


def test_stats_are_empty_while_no_job_exists(both: Stores) -> None:
    assert stats(both) == {}
