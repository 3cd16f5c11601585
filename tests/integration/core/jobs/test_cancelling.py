"""Cancelling a job, queued or leased."""

from .conftest import Office


def test_a_queued_job_is_cancelled_at_once(office: Office) -> None:
    made = office.add()
    assert office.act(made, "cancel").json["status"] == "cancelled"
    assert office.act(made, "cancel").status == 200
    assert office.lease().status == 204


def test_the_worker_of_a_cancelled_job_learns_it_and_no_attempt_is_counted(office: Office) -> None:
    made = office.add()
    job = office.leased()
    asked = office.act(made, "cancel").json
    assert (asked["status"], asked["cancel_requested"]) == ("leased", True)
    assert office.act(job, "status", progress=0.1).json["cancel_requested"] is True
    ended = office.act(job, "release").json
    assert (ended["status"], ended["attempt"]) == ("cancelled", 0)
    assert office.outcomes(made) == ["cancelled"]


def test_a_succeeded_job_cannot_be_cancelled_or_replayed(office: Office) -> None:
    made = office.add()
    office.act(office.leased(), "results", result={})
    assert office.act(made, "cancel").status == 409
    assert office.act(made, "replay").status == 409
