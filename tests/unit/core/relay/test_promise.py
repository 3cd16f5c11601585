"""The time that the relay stays awake, on a fake clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from groundwork_core.relay.promise import (
    IDLE_SECONDS,
    PROMISE_SECONDS,
    RESERVE_SECONDS,
    Activity,
    TimeBudget,
    begin,
    keep_promise,
)

START = datetime(2026, 3, 1, tzinfo=UTC)


class Time:
    """A stopwatch that only pauses move, and what happens at each pause."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.then: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        self.then()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class MemoryLease:
    """A lease on that clock."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.until = START - timedelta(seconds=1)
        self.prolonged = 0

    def take(self, seconds: float) -> datetime | None:
        if self.until > self.time.now():
            return None
        self.until = self.time.now() + timedelta(seconds=seconds)
        return self.until

    def extend(self, until: datetime, seconds: float) -> datetime | None:
        if until != self.until:
            return None
        self.until = self.time.now() + timedelta(seconds=seconds)
        self.prolonged += 1
        return self.until

    def remaining_seconds(self) -> float:
        return (self.until - self.time.now()).total_seconds()


def awake(time: Time, lease: MemoryLease, budget_seconds: float = 1000) -> Activity:
    activity = Activity(time)
    until = begin(lease, time.pause)
    assert until is not None
    budget = TimeBudget(lambda: budget_seconds - time.seconds)
    keep_promise(lease, until, activity, budget, time.pause, time)
    return activity


def test_an_idle_relay_sleeps_after_its_promise_and_never_before() -> None:
    time = Time()
    lease = MemoryLease(time)

    awake(time, lease)

    assert PROMISE_SECONDS <= time.seconds < PROMISE_SECONDS + IDLE_SECONDS + 0.2
    assert lease.remaining_seconds() <= 0


def test_the_promise_is_extended_while_rows_arrive() -> None:
    time = Time()
    lease = MemoryLease(time)
    activity = Activity(time)
    time.then = lambda: activity.mark() if time.seconds < 30 else None
    until = lease.take(PROMISE_SECONDS)
    assert until is not None

    keep_promise(lease, until, activity, TimeBudget(lambda: 1000), time.pause, time)

    assert 30 <= time.seconds < 30 + IDLE_SECONDS + PROMISE_SECONDS + 0.2
    assert lease.remaining_seconds() <= 0


def test_no_promise_is_longer_than_the_remaining_time() -> None:
    time = Time()
    lease = MemoryLease(time)
    activity = Activity(time)
    time.then = activity.mark
    until = lease.take(PROMISE_SECONDS)
    assert until is not None

    keep_promise(lease, until, activity, TimeBudget(lambda: 60 - time.seconds), time.pause, time)

    assert lease.prolonged > 10
    assert 60 - time.seconds >= RESERVE_SECONDS - 0.2
    assert lease.remaining_seconds() <= 0


def test_a_lease_lost_to_another_relay_ends_it_at_once() -> None:
    time = Time()
    lease = MemoryLease(time)
    activity = Activity(time)

    def another_takes_it() -> None:
        activity.mark()
        lease.until += timedelta(seconds=9)

    time.then = another_takes_it
    until = lease.take(PROMISE_SECONDS)
    assert until is not None

    keep_promise(lease, until, activity, TimeBudget(lambda: 1000), time.pause, time)

    assert lease.prolonged == 0
    assert time.seconds <= PROMISE_SECONDS


def test_a_second_relay_leaves_a_live_lease_and_takes_over_an_expired_one() -> None:
    time = Time()
    dead = MemoryLease(time)
    dead.take(PROMISE_SECONDS)
    assert begin(dead, time.pause) is not None
    assert PROMISE_SECONDS <= time.seconds < PROMISE_SECONDS + 0.2

    alive = MemoryLease(time)
    until = alive.take(PROMISE_SECONDS)
    assert until is not None
    time.then = lambda: setattr(alive, "until", time.now() + timedelta(seconds=1))
    assert begin(alive, time.pause) is None
