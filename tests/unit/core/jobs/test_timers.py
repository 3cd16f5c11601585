"""Which delayed messages make leases and pauses end on time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from tests.fakes.queue import MemoryQueue

from groundwork_core.jobs.timers import DELAY_SECONDS_MAX, SLOT_SECONDS, Timers, ends_of
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.queues import QueueDestination, Queues
from groundwork_core.relay.ports import OutboxBatch

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class SetClock:
    """Says what a test tells it."""

    moment = START

    def now(self) -> datetime:
        return self.moment


def later(**by: float) -> datetime:
    return START + timedelta(**by)


def row(job: UUID, **data: JsonValue) -> OutboxRow:
    return OutboxRow(1, 1, "jobs", job, 1, "updated", {"kind": "k", **data})


@pytest.mark.parametrize("seconds", [0.1, 1, 3, 59.9, 600, 890])
def test_a_timer_arrives_soon_after_the_end_of_a_lease_and_not_before(seconds: float) -> None:
    queue = MemoryQueue()
    Timers(queue, SetClock()).set([later(seconds=seconds)])
    (delay,) = queue.delays
    assert seconds + 1 <= delay <= seconds + SLOT_SECONDS + 2


def test_leases_that_end_in_one_slot_share_one_timer_message() -> None:
    queue, clock = MemoryQueue(), SetClock()
    timers = Timers(queue, clock)
    for n in range(1000):
        clock.moment = later(milliseconds=n)
        timers.set([later(seconds=60, milliseconds=n), later(seconds=60.5)])
    assert len(queue.messages) <= 2


def test_a_thousand_workers_with_heartbeats_cost_one_message_each_three_seconds() -> None:
    queue, clock = MemoryQueue(), SetClock()
    timers = Timers(queue, clock)
    for second in range(600):
        clock.moment = later(seconds=second)
        timers.set([clock.moment + timedelta(seconds=30, milliseconds=n) for n in range(0, 900, 9)])
    assert len(queue.messages) <= 600 / SLOT_SECONDS + 2


def test_ends_beyond_the_longest_delay_get_no_message_yet() -> None:
    queue, clock = MemoryQueue(), SetClock()
    timers = Timers(queue, clock)
    timers.set([later(seconds=DELAY_SECONDS_MAX + 30)])
    assert queue.messages == []
    clock.moment = later(seconds=60)
    timers.set([later(seconds=DELAY_SECONDS_MAX + 30)])
    assert len(queue.messages) == 1


def test_a_message_that_was_refused_is_sent_with_the_next_try() -> None:
    class Refusing(MemoryQueue):
        refuses = True

        def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
            if self.refuses:
                raise ConnectionError
            super().send_later(message, delay_seconds)

    queue = Refusing()
    timers = Timers(queue, SetClock())
    with pytest.raises(ConnectionError):
        timers.set([later(seconds=5)])
    queue.refuses = False
    timers.set([later(seconds=5)])
    assert len(queue.messages) == 1


def test_only_the_last_state_of_a_job_in_a_batch_needs_a_timer() -> None:
    job = uuid4()
    lease = row(job, status="leased", leased_until="2026-03-01T12:01:00+00:00")
    pause = row(uuid4(), status="queued", not_before="2026-03-01T12:02:00+00:00")
    assert ends_of([lease, pause]) == [later(minutes=1), later(minutes=2)]
    assert ends_of([lease, row(job, status="succeeded", leased_until=None)]) == []
    assert ends_of([row(job, status="queued", not_before=None)]) == []


def test_the_relay_sets_timers_and_none_while_nothing_is_leased() -> None:
    queue = MemoryQueue()
    timers = Timers(queue, SetClock())
    destination = QueueDestination(Queues(fetch=MemoryQueue(), jobs={}, timers=timers))

    def deliver(*rows: OutboxRow) -> None:
        destination.deliver(OutboxBatch(rows, (1, 1), 0, all=True), None)  # type: ignore[arg-type]

    deliver(row(uuid4(), status="queued", not_before=None), row(uuid4(), status="failed"))
    assert queue.messages == []
    deliver(row(uuid4(), status="leased", leased_until="2026-03-01T12:00:10+00:00"))
    assert queue.delays == [13]
