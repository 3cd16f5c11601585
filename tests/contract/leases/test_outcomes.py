"""Jobs that are given back, deferred, cancelled or finished."""

from uuid import uuid4

import pytest

from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import Lease

from ..work import Stores
from .leasing import (
    KIND,
    NOW,
    SECOND,
    attempts,
    fail,
    give_back,
    lease,
    lease_many,
    outcomes,
    report,
    stored,
    tidy,
)


def test_a_released_job_has_used_no_attempt(both: Stores) -> None:
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


def test_a_finished_job_names_the_lease_under_which_it_was_accepted(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    old = lease(both)
    give_back(both, old)
    held = lease(both)
    with both.work as work:
        others = [old, Lease(uuid4(), held.token), Lease(job_id, uuid4())]
        assert work.leases.succeeded_with([held, *others]) == set()
        work.jobs.succeed([(job_id, {"answer": 42})])
        assert work.leases.succeeded_with([held, *others]) == {held}
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
    assert (second.number, second.ended_at, second.outcome, second.error) == (2, None, None, None)
    assert attempts(both, uuid4()) == []
