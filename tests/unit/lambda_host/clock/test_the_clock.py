"""The clock, on slots in memory."""

import asyncio
import json
import time as real_time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.clock_slots import FakeSlots
from tests.fakes.fleet import FakeFleet

from groundwork_lambda_host.clock import Clock, ClockSettings
from groundwork_lambda_host.clock.events import scheduler_event
from groundwork_lambda_host.template import Schedule, Stack

NOW = datetime(2026, 3, 1, 10, 0, 30, tzinfo=UTC)
MINUTELY = Schedule("SchedulerEveryMinute", "Scheduler", "rate(1 minute)", None, True, "UTC")  # noqa: FBT003 - a frozen value
DAILY = Schedule("Daily", "Scheduler", "cron(0 3 * * ? *)", None, True, "UTC")  # noqa: FBT003 - as above


class Time:
    """A clock of the test; sleeping on it is cheap."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now.timestamp()

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


def clock(time: Time, slots: FakeSlots, fleet: FakeFleet, *schedules: Schedule) -> Clock:
    stack = Stack(
        stage="local",
        region="eu-central-1",
        functions={},
        routes=(),
        socket=None,
        queues=(),
        queue_mappings=(),
        schedules=schedules or (MINUTELY,),
        secrets=(),
    )
    if slots.clock is real_time.time:
        slots.clock = time
    settings = ClockSettings(
        region="eu-central-1",
        retry_seconds=(0.02, 0.02),
        look_seconds=0.01,
        unavailable_seconds=0.01,
    )
    return Clock(stack, invoker=fleet, slots=slots, settings=settings, now=time)


def fired(fleet: FakeFleet) -> list[str]:
    return [str(event["time"])[11:16] for _, event in fleet.events]


async def reached(fleet: FakeFleet, count: int) -> None:
    """Wait for so many runs, and a little longer for those that should not be."""
    async with asyncio.timeout(30):
        while len(fleet.events) < count:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


def run(
    made: Clock, fleet: FakeFleet, *counts: int, play: Callable[[], None] = lambda: None
) -> None:
    """Play between counts: so many runs are waited for, from the beginning on."""

    async def main() -> None:
        first, *others = counts or (0,)
        await made.start()
        await reached(fleet, first)
        for count in others:
            play()
            await reached(fleet, count)
        await made.drain()

    asyncio.run(main())


def test_a_rate_is_due_from_the_start_and_then_each_period() -> None:
    time, fleet = Time(), FakeFleet()
    run(clock(time, FakeSlots(), fleet), fleet, 1, 2, 3, 4, play=lambda: time.pass_by(minutes=1))
    assert fired(fleet) == ["10:00", "10:01", "10:02", "10:03"]


def test_a_cron_that_never_ran_waits_for_its_next_slot() -> None:
    fleet = FakeFleet()
    run(clock(Time(), FakeSlots(), fleet, DAILY), fleet)
    assert fired(fleet) == []


def test_a_late_start_catches_up_one_slot_and_no_more() -> None:
    for schedule in (MINUTELY, DAILY):
        slots, fleet = FakeSlots(), FakeFleet()
        slots.claim(schedule.name, NOW - timedelta(days=5))
        run(clock(Time(), slots, fleet, schedule), fleet, 1)
        assert len(fired(fleet)) == 1


def test_a_slot_that_another_host_took_is_not_run_again() -> None:
    slots, fleet = FakeSlots(), FakeFleet()
    slots.claim(MINUTELY.name, NOW.replace(second=0))
    run(clock(Time(), slots, fleet), fleet)
    assert fired(fleet) == []


def test_a_machine_that_slept_catches_up_one_slot() -> None:
    time, fleet = Time(), FakeFleet()
    run(clock(time, FakeSlots(), fleet), fleet, 1, 2, play=lambda: time.pass_by(hours=1))
    assert fired(fleet) == ["10:00", "11:00"]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_host_whose_clock_jumps_keeps_the_slots_of_the_database(hours: int) -> None:
    shared, own, fleet = Time(), Time(), FakeFleet()

    def play() -> None:
        own.pass_by(hours=hours, minutes=1)
        shared.pass_by(minutes=1)

    run(clock(own, FakeSlots(shared), fleet), fleet, 1, 2, 3, play=play)
    assert fired(fleet) == ["10:00", "10:01", "10:02"]


def test_by_its_own_clock_a_host_fires_slots_at_the_wrong_times() -> None:
    """With the guard disabled."""
    own, fleet = Time(), FakeFleet()
    run(clock(own, FakeSlots(), fleet), fleet, 1, 2, play=lambda: own.pass_by(hours=1))
    assert fired(fleet) == ["10:00", "11:00"]


def test_a_database_whose_clock_is_set_back_does_not_stop_the_schedules() -> None:
    time, fleet, slots = Time(), FakeFleet(), FakeSlots()
    for minute in range(-40, 0):
        slots.claim(MINUTELY.name, NOW.replace(second=0) + timedelta(minutes=minute))
    minutes = iter([-30, 1, 1, 1])
    run(
        clock(time, slots, fleet),
        fleet,
        1,
        1,
        1,
        2,
        3,
        play=lambda: time.pass_by(minutes=next(minutes)),
    )
    assert fired(fleet) == ["10:00", "09:32", "09:33"]  # 09:31 was taken before


def test_several_gateways_fire_a_slot_once() -> None:
    time, slots, fleet = Time(), FakeSlots(), FakeFleet()

    async def main() -> None:
        clocks = [clock(time, slots, fleet) for _ in range(4)]
        for made in clocks:
            await made.start()
        await reached(fleet, 1)
        time.pass_by(minutes=1)
        await reached(fleet, 2)
        for made in clocks:
            await made.drain()

    asyncio.run(main())
    assert fired(fleet) == ["10:00", "10:01"]


def test_gateways_that_do_not_share_slots_fire_each_for_itself() -> None:
    """With the guard disabled."""
    time, fleet = Time(), FakeFleet()

    async def main() -> None:
        clocks = [clock(time, FakeSlots(), fleet) for _ in range(4)]
        for made in clocks:
            await made.start()
        await reached(fleet, 4)
        for made in clocks:
            await made.drain()

    asyncio.run(main())
    assert fired(fleet) == ["10:00"] * 4


def test_a_run_that_fails_is_tried_twice_more() -> None:
    def broken(_event: object) -> object:
        raise RuntimeError

    fleet = FakeFleet(broken)
    run(clock(Time(), FakeSlots(), fleet), fleet, 3)
    assert fired(fleet) == ["10:00"] * 3


def test_a_disabled_schedule_never_runs() -> None:
    fleet = FakeFleet()
    disabled = Schedule("Off", "Scheduler", "rate(1 minute)", None, False, "UTC")  # noqa: FBT003 - a frozen value
    run(clock(Time(), FakeSlots(), fleet, disabled), fleet)
    assert fleet.events == []


def test_an_unreachable_database_delays_slots_and_loses_none() -> None:
    slots, fleet = FakeSlots(), FakeFleet()
    slots.down = True

    def back() -> None:
        assert fleet.events == []
        slots.down = False

    run(clock(Time(), slots, fleet), fleet, 0, 1, play=back)
    assert fired(fleet) == ["10:00"]


def test_the_default_event_is_the_one_of_eventbridge_scheduler() -> None:
    golden = json.loads((Path(__file__).parents[3] / "events" / "scheduler.json").read_text())
    made = scheduler_event(MINUTELY, NOW, attempt=1, region="eu-central-1", account="123456789012")
    assert made | {"id": golden["id"]} == golden


def test_an_input_is_sent_with_its_words_filled_in() -> None:
    text = '{"at": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"}'
    schedule = Schedule("S", "Scheduler", "rate(1 minute)", text, True, "UTC")  # noqa: FBT003 - a frozen value
    made = scheduler_event(schedule, NOW, attempt=2, region="r", account="1")
    assert made == {"at": "2026-03-01T10:00:30Z", "try": "2"}
    with pytest.raises(ValueError, match="not a JSON object"):
        scheduler_event(
            Schedule("S", "Scheduler", "rate(1 minute)", "[]", True, "UTC"),  # noqa: FBT003 - a frozen value
            NOW,
            attempt=1,
            region="r",
            account="1",
        )


def test_a_schedule_says_how_often_a_failed_run_is_tried_again() -> None:
    def broken(_event: object) -> object:
        raise RuntimeError

    for retries, runs in ((0, 1), (1, 2), (2, 3), (185, 3)):
        fleet = FakeFleet(broken)
        run(clock(Time(), FakeSlots(), fleet, replace(MINUTELY, retries=retries)), fleet, runs)
        assert fired(fleet) == ["10:00"] * runs


def test_a_failed_run_that_is_too_old_is_not_tried_again() -> None:
    time, fleet = Time(), FakeFleet()

    def broken(_event: object) -> object:
        time.pass_by(seconds=31)  # the slot began 30 s before
        raise RuntimeError

    fleet = FakeFleet(broken)
    hourly = replace(MINUTELY, expression="rate(1 hour)", max_age_seconds=60)
    run(clock(time, FakeSlots(), fleet, hourly), fleet, 1)
    assert len(fleet.events) == 1
    # The limit taken away.
    time, fleet = Time(), FakeFleet(broken)
    run(clock(time, FakeSlots(), fleet, replace(hourly, max_age_seconds=86_400)), fleet, 3)
    assert len(fleet.events) == 3
