"""Without the present token nothing changes."""

from uuid import uuid4

import pytest

from groundwork_core.jobs.model import WorkerJob

from .conftest import Office
from .results import CALLS, entities, result_of


@pytest.mark.parametrize("word", list(CALLS))
@pytest.mark.parametrize("how", ["another token", "expired", "given back", "leased by another"])
def test_a_call_without_the_present_lease_changes_nothing(
    office: Office, word: str, how: str
) -> None:
    made = office.add()
    job = office.leased(seconds=30)
    if how == "another token":
        job["lease_token"] = str(uuid4())
    elif how == "expired":
        office.clock.forward(seconds=30)
    else:
        office.act(job, "release")
        if how == "leased by another":
            office.leased("another")
    before = office.shown(made)
    reply = office.act(job, word, **CALLS[word])
    assert reply.status == 409
    assert reply.json["type"].endswith("/lease-lost")
    assert office.shown(made) == before


def freeze_and_hand_in(office: Office, key: str) -> tuple[int, int]:
    """A worker sleeps past its lease, and hands in while another has the job."""
    office.add()
    frozen = office.leased("frozen", seconds=30)
    office.clock.forward(seconds=31)
    assert office.leased("awake")["id"] == frozen["id"]
    reply = office.act(frozen, "results", result=result_of(key))
    return reply.status, entities(office, key)


def test_a_worker_that_wakes_after_its_lease_applies_nothing(office: Office) -> None:
    assert freeze_and_hand_in(office, f"fenced {office.kind}") == (409, 0)


def test_without_the_check_of_the_token_a_result_after_the_lease_is_applied(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkerJob, "is_held", lambda *_: True)
    assert freeze_and_hand_in(office, f"unfenced {office.kind}") == (200, 1)
