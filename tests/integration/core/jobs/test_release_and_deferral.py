"""Jobs that are given back or deferred count no attempt."""

from typing import Any

import pytest

from groundwork_data.postgres import lease_sql

from .conftest import Office


def give_back_often(office: Office) -> dict[str, Any]:
    office.add(max_attempts=2)
    for _ in range(4):
        office.act(office.leased(), "release")
    office.act(office.leased(), "defer", reference="b", check_after_seconds=5)
    office.clock.forward(seconds=5)
    return office.leased()


def test_a_job_that_is_given_back_counts_no_attempt(office: Office) -> None:
    job = give_back_often(office)
    assert job["attempt"] == 1
    assert office.outcomes(job) == ["released"] * 4 + ["deferred", None]


def test_if_each_lease_counted_an_attempt_released_jobs_would_run_out_of_them(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = lease_sql.GIVE_BACK.replace("attempt = attempt - 1", "attempt = attempt")
    monkeypatch.setattr(lease_sql, "GIVE_BACK", counted)
    assert give_back_often(office)["attempt"] == 2


def test_a_deferred_job_waits_for_its_batch_and_names_it(office: Office) -> None:
    made = office.add()
    office.act(office.leased(), "defer", reference="batch 9", check_after_seconds=3600)
    waiting = office.shown(made)
    assert (waiting["status"], waiting["waiting_for"]["reason"]) == ("queued", "deferred")
    assert waiting["waiting_for"]["until"] is not None
    office.clock.forward(seconds=3599)
    assert office.lease().status == 204
    office.clock.forward(seconds=1)
    assert office.leased()["reference"] == "batch 9"


def test_a_deferral_lasts_up_to_48_hours(office: Office) -> None:
    office.add()
    job = office.leased()
    too_long = {"reference": "b", "check_after_seconds": 48 * 3600 + 1}
    assert office.act(job, "defer", **too_long).pointers == {"/check_after_seconds"}
    fits = {"reference": "b", "check_after_seconds": 48 * 3600}
    assert office.act(job, "defer", **fits).status == 200
