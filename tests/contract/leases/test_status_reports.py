"""Status reports on a leased job."""

import pytest

from groundwork_core.jobs.lease_messages import ReportTaken

from ..work import Stores
from .leasing import KIND, NOW, SECOND, give_back, lease, lease_many, outcomes, report, stored, tidy


def test_a_report_extends_the_lease_and_keeps_the_checkpoint(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    taken = report(both, held, NOW + 50 * SECOND, message="half", checkpoint="page 7")
    assert taken == ReportTaken(leased_until=NOW + 110 * SECOND, cancel_requested=False)
    assert stored(both, held.job_id).progress == 0.5
    give_back(both, held)
    (again,) = lease_many(both, 1)
    assert (again.checkpoint, again.message, again.progress) == ("page 7", None, 0)


def test_status_reports_in_quick_succession_leave_the_end_of_the_lease(both: Stores) -> None:
    both.jobs.insert(KIND)
    held = lease(both)
    taken = report(both, held, NOW + SECOND / 2)
    assert taken is not None
    assert taken.leased_until == NOW + 60 * SECOND


def test_a_status_report_on_an_expired_lease_is_refused(both: Stores) -> None:
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
