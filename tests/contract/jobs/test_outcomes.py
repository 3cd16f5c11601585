"""The ends of a job: success, failures, another attempt."""

from datetime import timedelta
from uuid import uuid4

import pytest

from groundwork_core.jobs.lease_rules import RETRY_BASE_SECONDS
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import JobFailure

from ..work import Stores
from .queue import KIND, NOW, fail, lease, outcomes, stored


def test_a_job_that_succeeds_keeps_its_result_and_has_no_lease(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    with both.work as work:
        work.jobs.succeed([(job_id, {"entities": 1}), (uuid4(), {})])
    with both.work as work:
        work.jobs.succeed([(job_id, {"entities": 2})])
    job = stored(both.work, job_id)
    assert (job.status, job.progress, job.lease_owner) == ("succeeded", 1, None)
    assert outcomes(both.work, job_id) == [("queue:1", "succeeded")]
    assert fail(both.work, job_id) is None


@pytest.mark.parametrize("failure", [FailureClass.BAD_INPUT, FailureClass.BAD_RESULT])
def test_a_failure_that_no_attempt_can_mend_is_final(both: Stores, failure: FailureClass) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    assert fail(both.work, job_id, failure) == "failed"
    assert outcomes(both.work, job_id) == [("queue:1", "failed")]


def test_a_job_with_a_retryable_failure_is_tried_again_until_its_last_attempt(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=2)
    ends = []
    for _ in range(2):
        lease(both.work)
        ends.append(fail(both.work, job_id))
    assert ends == ["queued", "quarantined"]


def test_a_failure_reported_for_another_attempt_changes_nothing(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    for _ in range(2):
        lease(both.work, "queue:1")
    assert fail(both.work, job_id, attempt=1) is None
    assert stored(both.work, job_id).status == "leased"
    assert fail(both.work, job_id, attempt=2) == "queued"


@pytest.mark.parametrize(("asked", "seconds"), [(7, 7), (None, RETRY_BASE_SECONDS / 2)])
def test_a_job_pauses_after_a_failure(both: Stores, asked: int | None, seconds: float) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work)
    failure = JobFailure(job_id, FailureClass.RETRYABLE, "why", None, 0.5, asked)
    with both.work as work:
        assert work.jobs.fail([failure], NOW) == {job_id: "queued"}
    assert lease(both.work) is None
    with both.work as work:
        early = NOW + timedelta(seconds=seconds - 0.1)
        assert work.jobs.end_pauses(early, 10) == 0
        assert work.jobs.end_pauses(NOW + timedelta(seconds=seconds), 10) == 1
    assert lease(both.work) is not None


def test_only_a_failed_or_quarantined_job_is_queued_again(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work)
    with both.work as work:
        assert work.jobs.requeue(job_id, NOW) is None
        assert work.jobs.requeue(uuid4(), NOW) is None
    fail(both.work, job_id, FailureClass.BAD_INPUT)
    with both.work as work:
        again = work.jobs.requeue(job_id, NOW)
    assert again is not None
    assert (again.status, again.attempt, again.progress) == ("queued", 0, 0)
