"""Which messages the relay sends to queues for outbox rows."""

from uuid import UUID, uuid4

from pydantic import JsonValue

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.queues import distributions, fetches, jobs

JOB = UUID("01a205a4-3eef-7dc6-bfa6-9e57d7e08ce0")


def job(kind: str = "created", job_id: UUID = JOB, **data: JsonValue) -> OutboxRow:
    state: dict[str, JsonValue] = {
        "kind": "extract", "status": "queued", "attempt": 0, "payload": {"document_id": "d"},
    }  # fmt: skip
    return OutboxRow(1, 1, "jobs", job_id, 1, kind, {**state, **data})


def test_a_queued_job_is_announced_by_the_contract_with_workers() -> None:
    message = {
        "contract": "groundwork/job/1",
        "job_id": str(JOB),
        "kind": "extract",
        "attempt_hint": 3,
        "payload": {"document_id": "d"},
    }
    assert jobs([job(attempt=2, party="source:1")], "extract") == [("source:1", message)]
    assert jobs([job(attempt=2, party="")], "extract") == [(str(JOB), message)]


def test_a_job_is_announced_once_each_time_it_begins_to_wait() -> None:
    leased = job("updated", status="leased")

    assert len(jobs([job(), job("updated", priority=9)], "extract")) == 1
    assert len(jobs([job(), job(job_id=uuid4())], "extract")) == 2
    assert len(jobs([job(), leased, job("updated")], "extract")) == 2


def test_a_job_that_was_leased_before_its_message_was_sent_is_announced() -> None:
    """The message that leased it was another job's, which needs one now."""
    leased = job("updated", status="leased")

    assert [message["job_id"] for _, message in jobs([job(), leased], "extract")] == [str(JOB)]
    assert jobs([leased], "extract") == []
    assert jobs([job("updated", not_before="2026-01-01T00:00:00Z")], "extract") == []
    assert jobs([job("deleted")], "extract") == []


def test_jobs_of_other_kinds_and_rows_of_other_tables_send_no_messages() -> None:
    other = OutboxRow(1, 1, "entities", JOB, 1, "created", {"kind": "extract", "status": "queued"})

    assert jobs([job(kind="created", status="failed"), other], "extract") == []
    assert jobs([job()], "summarise") == []


def test_due_fetches_are_sent_as_they_were_published() -> None:
    due = OutboxRow(1, 1, "sources", JOB, 0, "fetch_due", {"ticket": "t"})
    changed = OutboxRow(1, 2, "sources", JOB, 1, "updated", {"name": "n"})

    assert fetches([due, changed]) == [{"ticket": "t"}]


def test_a_distribution_that_goes_out_is_sent_as_it_was_published() -> None:
    due = OutboxRow(1, 1, "distributions", JOB, 0, "distribution_due", {"channel": "email"})
    changed = OutboxRow(1, 2, "distributions", JOB, 1, "updated", {"status": "sending"})

    assert distributions([due, changed]) == [{"channel": "email"}]
