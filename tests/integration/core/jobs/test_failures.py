"""Failures of jobs: another attempt after a pause, quarantine or the end; and replays."""

import pytest

from groundwork_core.jobs.lease_rules import RETRY_BASE_SECONDS, RETRY_MAX_SECONDS

from .conftest import Office


def fail(office: Office, failure: str, **more: object) -> dict[str, object]:
    body = {"class": failure, "message": "why", **more}
    shown: dict[str, object] = office.act(office.leased(), "failure", **body).json
    return shown


def test_bad_input_ends_a_job_at_once(office: Office) -> None:
    office.add()
    shown = fail(office, "bad_input")
    assert (shown["status"], shown["error"]) == (
        "failed", {"class": "bad_input", "message": "why"},
    )  # fmt: skip


@pytest.mark.parametrize("failure", ["retryable", "internal"])
def test_another_attempt_follows_until_the_last_is_quarantined(
    office: Office, failure: str
) -> None:
    made = office.add(max_attempts=3)
    ends = [fail(office, failure, retry_after_seconds=0)["status"] for _ in range(3)]
    assert ends == ["queued", "queued", "quarantined"]
    assert office.lease().status == 204
    assert office.outcomes(made) == ["failed"] * 3
    query = {"status": "quarantined", "kind": office.kind}
    assert len(office.rest("GET", "/api/v1/jobs", query=query).json["items"]) == 1


def test_a_failed_job_pauses_as_long_as_its_worker_asks(office: Office) -> None:
    made = office.add()
    fail(office, "retryable", retry_after_seconds=120)
    assert office.shown(made)["waiting_for"]["reason"] == "retry"
    office.clock.forward(seconds=119)
    assert office.lease().status == 204
    office.clock.forward(seconds=1)
    assert office.lease().status == 200


def test_the_pause_grows_with_each_attempt_and_is_random(office: Office) -> None:
    office.add_rows(40)
    longest = RETRY_BASE_SECONDS
    for _ in range(3):
        for job in office.lease(max=40).json["items"]:
            office.act(job, "failure", **{"class": "retryable", "message": "why"})
        pauses = office.sql(
            "SELECT extract(epoch FROM not_before - %s)::float FROM jobs WHERE kind = %s",
            office.clock.now(), office.kind,
        )  # fmt: skip
        seconds = [pause for (pause,) in pauses]
        assert len(seconds) == 40
        assert 0 <= min(seconds) < max(seconds) <= longest
        assert len(set(seconds)) > 20
        longest *= 2
        office.clock.forward(seconds=RETRY_MAX_SECONDS)


@pytest.mark.parametrize(
    "body",
    [
        {"class": "crashed", "message": "x"},
        {"class": "lease_expired", "message": "x"},
        {"class": "retryable"},
        {"class": "retryable", "message": "x" * 2001},
        {"class": "retryable", "message": "x", "retry_after_seconds": -1},
    ],
)
def test_a_failure_report_with_a_fault_changes_nothing(
    office: Office, body: dict[str, object]
) -> None:
    office.add()
    job = office.leased()
    assert office.act(job, "failure", **body).status == 422
    assert office.shown(job)["status"] == "leased"


def test_a_failed_job_that_pauses_does_not_delay_others(office: Office) -> None:
    office.add(payload={"poison": True})
    office.add()
    fail(office, "internal", retry_after_seconds=60)
    assert office.leased()["payload"] == {}


def test_three_silent_expiries_quarantine_a_job_as_crashing(office: Office) -> None:
    made = office.add()
    for _ in range(3):
        office.leased(seconds=10)
        office.clock.forward(seconds=10)
    shown = office.shown(made)
    assert (shown["status"], shown["error"]["class"]) == ("quarantined", "crashed")
    assert office.outcomes(made) == ["expired"] * 3
    assert office.lease().status == 204


def test_an_expiry_after_a_status_report_does_not_count_as_a_crash(office: Office) -> None:
    made = office.add()
    for _ in range(3):
        office.act(office.leased(seconds=10), "status", progress=0.1)
        office.clock.forward(seconds=10)
    shown = office.shown(made)
    assert (shown["status"], shown["error"]["class"], shown["attempt"]) == (
        "queued", "lease_expired", 3,
    )  # fmt: skip


def test_one_job_is_replayed_with_all_its_attempts(office: Office) -> None:
    made = office.add()
    fail(office, "bad_input")
    again = office.act(made, "replay").json
    assert (again["status"], again["attempt"], again["error"]) == ("queued", 0, None)
    assert office.act(office.leased(), "results", result={}).json["status"] == "succeeded"
    assert office.outcomes(made) == ["failed", "succeeded"]


def test_jobs_are_replayed_at_a_limited_rate(office: Office) -> None:
    office.add_rows(30)
    for job in office.lease(max=30).json["items"]:
        office.act(job, "failure", **{"class": "bad_input", "message": "why"})
    other = {"kind": office.kind, "class": "internal"}
    assert office.rest("POST", "/api/v1/jobs/replay", other).json["replayed"] == 0
    later = {"kind": office.kind, "since": "2999-01-01T00:00:00Z"}
    assert office.rest("POST", "/api/v1/jobs/replay", later).json["replayed"] == 0
    asked = {"kind": office.kind, "class": "bad_input", "since": "2020-01-01T00:00:00Z"}
    reply = office.rest("POST", "/api/v1/jobs/replay", asked).json
    assert (reply["replayed"], reply["more"]) == (30, False)
    started = []
    for _ in range(3):
        started.append(len(office.lease(max=100).json["items"]))
        office.clock.forward(seconds=1)
    started.append(len(office.lease(max=100).json["items"]))
    assert started == [1, 10, 10, 9]
