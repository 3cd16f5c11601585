"""Readings of the clock, and the plans that move with it: in memory and on Postgres."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.clock_jumps.follow_clock import follow_clock
from groundwork_core.clock_jumps.model import ClockReading
from groundwork_core.sources.model import DEFAULT_SCHEDULE, PlannedPoll
from groundwork_core.sources.robots_known import KnownRobots
from groundwork_core.sources.rows import SourceRow

from .work import Stores, Work, stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
READING = ClockReading(NOW, "boot-1", 1_234.5)
URL = "https://feed.example/rss"


class Held:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from stores(request)


@pytest.fixture
def work(both: Stores) -> Work:
    return both.work


def move(work: Work, jump: timedelta) -> None:
    with work:
        work.clock_readings.move_plans(jump)


def last(work: Work) -> ClockReading | None:
    with work:
        return work.clock_readings.last()


def test_a_clock_reading_replaces_the_one_before(work: Work) -> None:
    assert last(work) is None
    for reading in (READING, replace(READING, at=NOW + HOUR, boot="boot-2")):
        with work:
            work.clock_readings.keep(reading)
        assert last(work) == reading


def test_a_clock_reading_is_rolled_back_with_its_transaction(work: Work) -> None:
    def broken() -> None:
        with work:
            work.clock_readings.keep(READING)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert last(work) is None


@pytest.mark.parametrize(
    ("reason", "jump", "moved"),
    [
        ("interval", HOUR, HOUR),
        ("interval", -HOUR, -HOUR),
        ("backoff", HOUR, HOUR),
        ("cron", HOUR, timedelta()),
        ("cron", -HOUR, -HOUR),
    ],
)
def test_a_clock_change_moves_a_planned_poll_unless_its_time_of_day_is_still_to_come(
    work: Work, reason: str, jump: timedelta, moved: timedelta
) -> None:
    with work:
        source_id = work.sources.add([SourceRow("s", URL, DEFAULT_SCHEDULE)])[URL]
        work.sources.start([source_id], NOW, NOW)
        work.sources.replan(source_id, PlannedPoll(NOW, reason, {}))
    move(work, jump)
    with work:
        state = work.sources.watch_state(source_id)
    assert state is not None
    assert state.next_poll_at == NOW + moved


def test_a_running_fetch_keeps_its_claim_as_long(work: Work) -> None:
    with work:
        source_id = work.sources.add([SourceRow("s", URL, DEFAULT_SCHEDULE)])[URL]
        work.sources.start([source_id], NOW, NOW + HOUR)
    move(work, -HOUR)
    with work:
        state = work.sources.watch_state(source_id)
    assert state is not None
    assert state.claimed_until == NOW


def test_times_of_hosts_and_robots_txt_move_with_the_clock(work: Work) -> None:
    robots = KnownRobots("https://feed.example", "none", NOW, NOW + HOUR)
    with work:
        work.hosts.make("feed.example")
        work.hosts.make("never-asked.example")
        pace = work.hosts.lock("feed.example")
        assert pace is not None
        asked = replace(pace, next_allowed_at=NOW, circuit_until=NOW + HOUR, circuit_opened_at=NOW)
        work.hosts.keep(asked, NOW)
        work.hosts.keep_robots("feed.example", robots)
    move(work, HOUR)
    with work:
        found, never = work.hosts.lock("feed.example"), work.hosts.lock("never-asked.example")
        kept = work.hosts.robots([robots.origin])[robots.origin]
    assert found is not None
    assert (found.next_allowed_at, found.circuit_until) == (NOW + HOUR, NOW + 2 * HOUR)
    assert found.circuit_opened_at == NOW + HOUR
    assert never is not None
    assert never.next_allowed_at == pace.next_allowed_at
    assert (kept.fetched_at, kept.expires_at) == (NOW, NOW + 2 * HOUR)


@pytest.mark.parametrize(("later", "jump"), [(timedelta(minutes=1), timedelta()), (HOUR, HOUR)])
def test_a_jump_of_the_clock_is_followed_and_a_new_reading_is_stored(
    work: Work, later: timedelta, jump: timedelta
) -> None:
    with work:
        work.clock_readings.keep(READING)
    up_seconds = READING.uptime_seconds + (later - jump).total_seconds()
    found = follow_clock(
        work=work, clock=Held(NOW + later), uptime=lambda: (READING.boot, up_seconds)
    )
    assert found == jump
    assert last(work) == ClockReading(NOW + later, READING.boot, up_seconds)
