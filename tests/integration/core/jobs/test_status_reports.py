"""Status reports: they extend the lease, keep a checkpoint and tell subscribers."""

import pytest

from groundwork_core.jobs.lease_rules import PROGRESS_EVENT_SECONDS
from groundwork_data.postgres import quick_leases

from .conftest import Office


def test_a_report_extends_the_lease_and_is_shown(office: Office) -> None:
    office.add()
    job = office.leased(seconds=60)
    for _ in range(5):
        office.clock.forward(seconds=50)
        reply = office.act(job, "status", progress=0.5, message="half")
        assert (reply.status, reply.json["cancel_requested"]) == (200, False)
    shown = office.shown(job)
    assert (shown["status"], shown["progress"], shown["message"]) == ("leased", 0.5, "half")
    assert reply.json["leased_until"][:19] == shown["leased_until"][:19]


def test_a_checkpoint_is_handed_to_the_next_lease(office: Office) -> None:
    office.add()
    job = office.leased()
    office.act(job, "status", progress=0.5, checkpoint={"page": 7})
    office.act(job, "status", progress=0.6)
    office.act(job, "release")
    assert office.leased()["checkpoint"] == {"page": 7}


def test_a_checkpoint_over_64_kb_is_refused(office: Office) -> None:
    office.add()
    job = office.leased()
    fits, too_long = "x" * 65_534, "x" * 65_535
    assert office.act(job, "status", progress=0, checkpoint=fits).status == 200
    reply = office.act(job, "status", progress=0, checkpoint=too_long)
    assert (reply.status, reply.pointers) == (422, {"/checkpoint"})


def report_a_thousand_times(office: Office) -> list[str]:
    """Report each millisecond for a second."""
    office.add()
    job = office.leased()
    for n in range(1, 1001):
        assert office.act(job, "status", progress=n / 1000).status == 200
        office.clock.forward(milliseconds=0.99)
    assert office.shown(job)["progress"] == 1
    return office.events(job)


def test_a_thousand_reports_in_a_second_are_one_event(office: Office) -> None:
    assert report_a_thousand_times(office) == ["created", "updated", "progress"]


def test_without_the_limit_a_thousand_reports_are_a_thousand_events(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"interval '{PROGRESS_EVENT_SECONDS} seconds'"
    unlimited = quick_leases.REPORT_AT_ONCE.replace(limit, "interval '0 seconds'")
    monkeypatch.setattr(quick_leases, "REPORT_AT_ONCE", unlimited)
    assert len(report_a_thousand_times(office)) == 1002


def test_a_report_in_the_next_second_is_an_event_of_its_own(office: Office) -> None:
    office.add()
    job = office.leased()
    for _ in range(2):
        for n in range(3):
            office.act(job, "status", progress=n / 3)
        office.clock.forward(seconds=1)
    assert office.events(job) == ["created", "updated", "progress", "progress"]


def test_the_token_and_the_checkpoint_stay_out_of_the_outbox(office: Office) -> None:
    office.add()
    job = office.leased()
    office.act(job, "status", progress=0.5, checkpoint={"secret": 1})
    rows = office.sql("SELECT data FROM outbox WHERE aggregate_id = %s", job["id"])
    assert len(rows) == 3
    assert not {"lease_token", "checkpoint"} & {name for (data,) in rows for name in data}
