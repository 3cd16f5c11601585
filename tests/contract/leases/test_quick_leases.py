"""The calls that are transactions of their own."""

from uuid import uuid4

from groundwork_core.jobs.lease_messages import Leased, ReportTaken
from groundwork_core.jobs.ports import Lease, LeaseReport

from ..work import Stores
from .leasing import KIND, NOW, SECOND, give_back, lease, lease_many, outcomes, stored


def test_a_lease_by_one_statement_is_valid_like_any_other(both: Stores) -> None:
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


def test_several_reports_at_once_extend_the_leases_that_are_current(both: Stores) -> None:
    for _ in range(3):
        both.jobs.insert(KIND)
    first, second, third = [Lease(one.id, one.lease_token) for one in lease_many(both, 3)]
    give_back(both, third)
    later = NOW + 9 * SECOND
    taken = both.quick.report_many(
        [
            LeaseReport(second, 0.25, None, None),
            LeaseReport(third, 0.5, "gone", None),
            LeaseReport(first, 0.75, "three quarters", {"page": 3}),
            LeaseReport(Lease(first.job_id, second.token), 1, None, None),
        ],
        later,
    )
    assert taken.keys() == {first, second}
    for text in taken.values():
        assert ReportTaken.model_validate_json(text).leased_until == NOW + 69 * SECOND
    assert [stored(both, one.job_id).progress for one in (first, second, third)] == [0.75, 0.25, 0]
    both.quick.report_many([LeaseReport(first, 1, None, None)], later)
    assert both.quick.report_many([LeaseReport(first, 1, None, None)], NOW + 69 * SECOND) == {}
    give_back(both, first)
    again = {one.id: one for one in lease_many(both, 2)}
    assert again[first.job_id].checkpoint == {"page": 3}
    assert again[third.job_id].checkpoint is None


def test_a_kind_is_idle_if_no_job_waits_and_no_lease_has_expired(both: Stores) -> None:
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
