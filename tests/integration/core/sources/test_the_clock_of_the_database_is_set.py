"""The database's clock is set by an hour: pauses keep their length, and no schedule runs twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg.types.json import Jsonb

from groundwork_core.clock_jumps.follow_clock import follow_clock
from groundwork_core.schedules.run_schedules import run_due
from groundwork_core.sources.claim_due import claim_due
from groundwork_data.cron import next_cron
from groundwork_data.machine_uptime import machine_uptime

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EVERY_HOUR = {"kind": "interval", "every_seconds": 3_600}
HOURLY_CRON = {"kind": "cron", "expression": "30 * * * *", "timezone": "UTC"}


@dataclass
class Machine:
    """Reads the clock of the database as the scheduler does; its uptime cannot be set."""

    path: "Path"
    boot: str = "one"
    up_seconds: float = 1_000.0

    def read(self) -> timedelta:
        return follow_clock(
            work=self.path.work(),
            clock=self.path.clock,
            uptime=lambda: (self.boot, self.up_seconds),
        )

    def after(self, passed: timedelta, jump: timedelta = timedelta()) -> None:
        self.up_seconds += passed.total_seconds()
        self.path.clock.moment += passed + jump


@pytest.fixture
def machine(path: "Path") -> Machine:
    made = Machine(path)
    made.read()
    return made


def plan(path: "Path", due_in: timedelta) -> None:
    """One source that nobody fetches, due after a time."""
    path.add(FEED)
    path.rows(
        "UPDATE source_states SET ticket = NULL, claimed_until = NULL, fetch_at = NULL,"
        " next_poll_at = %s RETURNING 1",
        path.clock.now() + due_in,
    )


def claimed(path: "Path") -> int:
    return claim_due(work=path.work(), clock=path.clock)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_the_rest_of_a_pause_stays_as_long_as_it_was(
    path: "Path", machine: Machine, jump: timedelta
) -> None:
    plan(path, 30 * MINUTE)
    machine.after(MINUTE, jump)
    assert machine.read() == jump
    assert (machine.read(), claimed(path)) == (timedelta(), 0)
    machine.after(28 * MINUTE)
    assert (machine.read(), claimed(path)) == (timedelta(), 0)
    machine.after(MINUTE)
    assert (machine.read(), claimed(path)) == (timedelta(), 1)


def test_unless_a_clock_set_forward_is_noticed_a_source_is_polled_early(
    path: "Path", machine: Machine
) -> None:
    """With the guard disabled."""
    plan(path, 30 * MINUTE)
    machine.after(MINUTE, HOUR)
    assert claimed(path) == 1


def test_unless_a_clock_set_back_is_noticed_a_source_waits_an_hour_longer(
    path: "Path", machine: Machine
) -> None:
    """With the guard disabled."""
    plan(path, 30 * MINUTE)
    machine.after(MINUTE, -HOUR)
    machine.after(88 * MINUTE)
    assert claimed(path) == 0
    machine.after(MINUTE)
    assert claimed(path) == 1


@pytest.mark.parametrize(("jump", "now", "in_time"), [(HOUR, 1, 0), (-HOUR, 0, 1)])
def test_a_cron_source_keeps_its_time_of_day_after_the_clock_was_set(
    path: "Path", machine: Machine, jump: timedelta, now: int, in_time: int
) -> None:
    plan(path, 30 * MINUTE)
    path.rows("UPDATE source_states SET next_poll_reason = 'cron' RETURNING 1")
    machine.after(MINUTE, jump)
    machine.read()
    assert claimed(path) == now
    machine.after(29 * MINUTE if in_time else MINUTE)
    assert claimed(path) == in_time


def test_a_machine_that_was_off_or_suspended_has_not_set_the_clock(
    path: "Path", machine: Machine
) -> None:
    plan(path, 30 * MINUTE)
    machine.after(HOUR)  # suspended: its uptime goes on
    assert machine.read() == timedelta()
    machine.boot, machine.up_seconds = "two", 10.0
    machine.after(MINUTE, HOUR)
    assert (machine.read(), claimed(path)) == (timedelta(), 1)


def test_a_clock_that_was_set_back_while_the_machine_was_off_is_noticed(
    path: "Path", machine: Machine
) -> None:
    plan(path, 5 * MINUTE)
    machine.boot, machine.up_seconds = "two", 10.0
    machine.after(10 * MINUTE, -HOUR)
    assert machine.read() == -50 * MINUTE
    assert claimed(path) == 0
    machine.after(5 * MINUTE)
    assert claimed(path) == 1


def test_times_of_hosts_hubs_and_robots_txt_move_with_the_clock(
    path: "Path", machine: Machine
) -> None:
    plan(path, MINUTE)
    now = path.clock.now()
    path.rows("UPDATE hosts SET next_allowed_at = %s, circuit_until = %s RETURNING 1", now, now)
    path.rows(
        "INSERT INTO push_subscriptions (source_id, hub, topic, status, until)"
        " SELECT id, 'https://hub.test/', url, 'active', %s FROM sources RETURNING 1",
        now,
    )
    path.rows(
        "INSERT INTO robots (origin, host, status, fetched_at, expires_at)"
        " VALUES ('https://feed.example:443', 'feed.example', 'none', %s, %s) RETURNING 1",
        now,
        now,
    )
    machine.after(MINUTE, -HOUR)
    machine.read()
    moved = "SELECT next_allowed_at, circuit_until, until, expires_at"
    tables = "FROM hosts, push_subscriptions, robots"
    assert path.rows(f"{moved} {tables}") == [(now - HOUR,) * 4]


def schedule(path: "Path", times: Mapping[str, object]) -> None:
    made = path.value(
        "INSERT INTO schedules (name, schedule, action) VALUES ('s', %s, %s) RETURNING id",
        Jsonb(times),
        Jsonb({"fetch": {"tag": "news"}}),
    )
    path.rows(
        "INSERT INTO schedule_states (schedule_id, next_run_at, next_runs)"
        " VALUES (%s, %s, ARRAY[%s]) RETURNING 1",
        made,
        *(path.clock.now() + 30 * MINUTE,) * 2,
    )


def runs(path: "Path", machine: Machine, jump: timedelta) -> list[int]:
    """Runs so far: just after the jump, and each quarter of an hour for two hours."""
    seen = []
    for passed in (MINUTE, *(15 * MINUTE,) * 8):
        machine.after(passed, jump)
        jump = timedelta()
        machine.read()
        run_due(work=path.work(), clock=path.clock, next_cron=next_cron)
        seen.append(int(path.value("SELECT count(*) FROM schedule_runs")))
    return seen


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_schedule_with_an_interval_keeps_its_pauses(
    path: "Path", machine: Machine, jump: timedelta
) -> None:
    schedule(path, EVERY_HOUR)
    assert runs(path, machine, jump) == [0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_a_moment_of_a_cron_expression_does_not_come_twice(path: "Path", machine: Machine) -> None:
    schedule(path, HOURLY_CRON)
    machine.after(31 * MINUTE)
    run_due(work=path.work(), clock=path.clock, next_cron=next_cron)
    # From 12:32 back to 11:32; the moments 12:30 and 13:30 come once each.
    assert runs(path, machine, -HOUR) == [1, 1, 1, 1, 1, 1, 1, 1, 2]
    moments = path.rows("SELECT to_char(due_at, 'HH24:MI') FROM schedule_runs ORDER BY due_at")
    assert moments == [("12:30",), ("13:30",)]


def test_the_uptime_of_this_machine_grows() -> None:
    (boot, first), (again, second) = machine_uptime(), machine_uptime()
    assert boot == again
    assert second >= first
