"""Leases and pauses end on time, even if nobody leases or reads jobs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.jobs.sweep import sweep_jobs
from groundwork_core.jobs.timers import Timers
from groundwork_core.retention.remove_expired import remove_expired
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.database_clock import DatabaseClock
from groundwork_functions.job_timer.handler import handler
from groundwork_runtime.wiring import wiring

from ....fakes.queue import MemoryQueue
from .conftest import Office

TIMER = {"Records": [{"messageId": "1", "body": "{}", "eventSourceARN": "a:b:c:d:e:JobTimerQueue"}]}


@pytest.fixture
def timer(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the environment variables that the template gives the function."""
    for name in ("RELAY_QUEUE_URL", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", office.rest.url)
    monkeypatch.setattr("groundwork_runtime.logs.configure", lambda *_: None)
    wiring.cache_clear()
    yield
    wiring().database.close()
    wiring.cache_clear()


def ended(office: Office, job: str) -> list[tuple[str, str | None]]:
    return office.sql("SELECT status, error ->> 'class' FROM jobs WHERE id = %s", job)


def test_a_timer_ends_only_leases_and_pauses_that_are_over(office: Office, timer: None) -> None:
    lost, kept, paused = (office.add() for _ in range(3))
    for _ in range(3):
        office.leased()
    office.sql("UPDATE jobs SET leased_until = now() - interval '1 s' WHERE id = %s", lost)
    office.sql(
        "UPDATE jobs SET status = 'queued', lease_owner = NULL, leased_until = NULL,"
        " lease_token = NULL, not_before = now() - interval '1 s' WHERE id = %s",
        paused,
    )
    assert handler(TIMER, None) == {"batchItemFailures": []}
    assert ended(office, lost) == [("queued", "lease_expired")]
    assert ended(office, kept) == [("leased", None)]
    assert office.sql("SELECT not_before FROM jobs WHERE id = %s", paused) == [(None,)]
    assert office.events({"id": lost})[-1] == "updated"


def swept_by(office: Office, clock: DatabaseClock) -> list[tuple[str, str | None]]:
    """A machine whose clock is six minutes ahead sweeps while a worker is alive."""
    made = office.add()
    office.leased(seconds=60)
    work = office.rest.parts.work()
    sweep_jobs(10**6, work=work, clock=clock)
    return ended(office, made)


def six_minutes_ahead() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=6)


def test_a_machine_whose_clock_is_ahead_ends_no_running_lease(office: Office) -> None:
    database = Database(office.rest.url, application_name="test")
    try:
        skewed = DatabaseClock(database, wall=six_minutes_ahead)
        assert swept_by(office, skewed) == [("leased", None)]
        assert abs(skewed.now() - datetime.now(UTC)) < timedelta(seconds=30)
    finally:
        database.close()


def test_by_the_machines_clock_a_running_lease_would_be_ended(office: Office) -> None:
    class Own(DatabaseClock):
        def __init__(self) -> None: ...

        def now(self) -> datetime:
            return six_minutes_ahead()

    assert swept_by(office, Own()) == [("queued", "lease_expired")]


def test_a_clock_that_was_set_is_compared_with_the_databases_again(office: Office) -> None:
    database = Database(office.rest.url, application_name="test")
    ahead = timedelta()
    clock = DatabaseClock(database, wall=lambda: datetime.now(UTC) + ahead)
    try:
        clock.now()
        ahead = timedelta(minutes=6)
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=30)
    finally:
        database.close()


def test_the_sweep_sets_timers_for_ends_that_were_too_far_away(office: Office) -> None:
    for _ in range(3):
        office.add()
    office.leased(seconds=3600)
    office.leased(seconds=60)
    office.act(office.leased(), "defer", reference="b", check_after_seconds=3600)
    queue = MemoryQueue()

    def sweep() -> int:
        timers = Timers(queue, office.clock)
        sweep_jobs(10**6, work=office.rest.parts.work(), clock=office.clock, timers=timers)
        return len(queue.messages)

    assert sweep() == 0
    office.clock.forward(seconds=3540)
    assert sweep() == 1
    assert 60 <= queue.delays[0] <= 66


def test_ended_attempts_are_removed_after_the_retention_time(office: Office) -> None:
    made = office.add()
    office.act(office.leased(), "release")
    office.leased()
    office.sql("UPDATE job_attempts SET started_at = '2000-01-01' WHERE job_id = %s", made)
    office.sql(
        "UPDATE job_attempts SET ended_at = %s WHERE job_id = %s AND ended_at IS NOT NULL",
        office.clock.now() - timedelta(days=7), made,
    )  # fmt: skip
    work = office.rest.parts.work()
    remove_expired(work=work, clock=office.clock, job_attempt_days=8)
    assert office.outcomes(made) == ["released", None]
    remove_expired(work=work, clock=office.clock, job_attempt_days=6)
    assert office.outcomes(made) == [None]
