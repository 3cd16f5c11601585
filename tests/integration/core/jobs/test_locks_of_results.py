"""A result that is handed in locks its job once."""

from typing import Any

import pytest

from groundwork_core.knowledge import take_result
from groundwork_data.postgres.jobs import PostgresJobs
from groundwork_data.postgres.leases import PostgresLeases

from .conftest import Office


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements about jobs that lock rows."""
    found: list[str] = []

    def seen_by(store: type) -> None:
        run = store._rows  # type: ignore[attr-defined]

        def rows(self: object, statement: str, given: object) -> Any:
            if "FOR UPDATE" in statement:
                found.append(statement)
            return run(self, statement, given)

        monkeypatch.setattr(store, "_rows", rows)

    seen_by(PostgresJobs)
    seen_by(PostgresLeases)
    return found


def test_a_result_locks_its_job_once(office: Office, locks: list[str]) -> None:
    office.add()
    job = office.leased()
    locks.clear()
    assert office.act(job, "results", result={"answer": 1}).status == 200
    assert len(locks) == 1


def test_a_second_lock_of_the_job_would_be_noticed(
    office: Office, locks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = take_result._take

    def twice(handed: Any, work: Any, clock: Any) -> Any:
        with work:
            work.leases.holds(handed[0][0], clock.now())
        return really(handed, work, clock)

    monkeypatch.setattr(take_result, "_take", twice)
    office.add()
    job = office.leased()
    locks.clear()
    assert office.act(job, "results", result={"answer": 1}).status == 200
    assert len(locks) == 2


@pytest.mark.parametrize("seconds", [59, 60])
def test_a_lease_that_has_just_expired_is_lost(office: Office, seconds: int) -> None:
    office.add()
    job = office.leased(seconds=60)
    office.clock.forward(seconds=seconds)
    reply = office.act(job, "results", result={"answer": 1})
    assert reply.status == (200 if seconds < 60 else 409)
