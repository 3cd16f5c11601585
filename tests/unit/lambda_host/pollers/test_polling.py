"""The poller on a queue in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes.fleet import FakeFleet
from tests.fakes.queue_source import FakeSource

from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.pollers import settings_of
from groundwork_lambda_host.pollers.age import Ages
from groundwork_lambda_host.pollers.messages import Received
from groundwork_lambda_host.pollers.poller import Poller, PollerSettings
from groundwork_lambda_host.template import Function, Queue, QueueMapping

URL = "http://queues/fetch"
QUEUE = Queue("FetchQueue", "fetch", URL, "arn:aws:sqs:r:1:fetch", 30, 600, None)


def poller(source: FakeSource, fleet: FakeFleet, **changes: object) -> Poller:
    mapping = {
        "function": "Fetch",
        "queue": "FetchQueue",
        "batch_size": 10,
        "window_seconds": 0,
        "partial_responses": True,
        "max_concurrency": 2,
    }

    async def recreate() -> None:
        source.queues.setdefault(URL, [])

    return Poller(
        QueueMapping(**(mapping | changes)),  # type: ignore[arg-type]
        QUEUE,
        source=source,
        invoker=fleet,
        recreate=recreate,
        threads=ThreadPoolExecutor(4),
        ages=Ages(lambda: source.clock),
        settings=PollerSettings(region="eu-central-1"),
    )


async def polled(made: Poller, until: Callable[[], bool]) -> None:
    await made.start()
    async with asyncio.timeout(30):
        while not until():
            await asyncio.sleep(0.005)
    await made.drain()


def run(main: Awaitable[None]) -> None:
    async def wrapped() -> None:
        await main

    asyncio.run(wrapped())


def records(event: Mapping[str, object]) -> list[Mapping[str, str]]:
    found = event["Records"]
    assert isinstance(found, list)
    return found


def test_succeeded_messages_are_deleted_and_failed_ones_come_back() -> None:
    source = FakeSource(queues={URL: []})
    ids = [source.send(URL, str(number)) for number in range(3)]
    fleet = FakeFleet(lambda _: {"batchItemFailures": [{"itemIdentifier": ids[1]}]})
    run(polled(poller(source, fleet), lambda: len(source.queues[URL]) == 1))
    (left,) = source.queues[URL]
    assert (left.id, left.visible_at) == (ids[1], 2)


def test_a_batch_whose_function_failed_is_received_again_as_a_whole() -> None:
    def broken(event: object) -> object:
        raise RuntimeError

    source = FakeSource(queues={URL: []})
    for number in range(3):
        source.send(URL, str(number))
    run(
        polled(
            poller(source, FakeFleet(broken)),
            lambda: [held.visible_at for held in source.queues[URL]] == [2, 2, 2],
        )
    )


def test_unless_partial_responses_are_configured_any_result_is_success() -> None:
    source = FakeSource(queues={URL: []})
    source.send(URL, "x")
    fleet = FakeFleet(lambda _: {"batchItemFailures": [{"itemIdentifier": "m1"}]})
    run(polled(poller(source, fleet, partial_responses=False), lambda: not source.queues[URL]))


@pytest.mark.parametrize(("cap", "most"), [(1, 1), (3, 3)])
def test_no_more_batches_run_at_once_than_the_cap_allows(cap: int, most: int) -> None:
    source = FakeSource(queues={URL: []})
    for number in range(8):
        source.send(URL, str(number))
    fleet = FakeFleet(seconds=0.05)
    made = poller(source, fleet, max_concurrency=cap, batch_size=1)
    run(polled(made, lambda: not source.queues[URL]))
    assert fleet.most_running == most


@pytest.mark.parametrize(("factor", "most"), [(1, 5), (2, 10)])
def test_a_function_that_mostly_waits_gets_more_batches_at_once(factor: int, most: int) -> None:
    settings = PollerSettings(region="eu-central-1")
    function = Function("F", "f", "f.handler", Path(), 3, 128, {}, "arn", environment_factor=factor)
    assert settings_of(function, settings).concurrency == most


def test_a_batch_larger_than_one_receive_is_collected() -> None:
    source = FakeSource(queues={URL: []})
    for number in range(25):
        source.send(URL, str(number))
    fleet = FakeFleet()
    run(polled(poller(source, fleet, batch_size=100), lambda: not source.queues[URL]))
    assert len(records(fleet.events[0][1])) == 25


def test_a_batching_window_waits_for_more_messages() -> None:
    source, fleet = FakeSource(queues={URL: []}), FakeFleet()

    async def main() -> None:
        made = poller(source, fleet, window_seconds=1)
        source.send(URL, "first")
        await made.start()
        await asyncio.sleep(0.3)
        source.send(URL, "second")
        async with asyncio.timeout(30):
            while source.queues[URL]:
                await asyncio.sleep(0.01)
        await made.drain()

    run(main())
    assert [len(records(event)) for _, event in fleet.events] == [2]


def test_a_throttled_batch_is_tried_again_and_not_failed() -> None:
    tries: list[int] = []

    def busy(event: object) -> object:
        tries.append(1)
        if len(tries) < 3:
            raise Throttled
        return None

    source = FakeSource(queues={URL: []})
    source.send(URL, "x")
    run(polled(poller(source, FakeFleet(busy)), lambda: not source.queues[URL]))
    assert len(tries) == 3


def test_a_lost_queue_is_created_again_and_polling_goes_on() -> None:
    source, fleet = FakeSource(), FakeFleet()

    async def main() -> None:
        made = poller(source, fleet)
        await made.start()
        async with asyncio.timeout(30):
            while URL not in source.queues:
                await asyncio.sleep(0.01)
            source.send(URL, "x")
            while source.queues[URL]:
                await asyncio.sleep(0.01)
        await made.drain()

    run(main())
    assert len(fleet.events) == 1


def test_an_unreachable_queue_service_is_called_again_until_it_responds() -> None:
    source, fleet = FakeSource(queues={URL: []}, down=True), FakeFleet()
    source.send(URL, "x")

    async def main() -> None:
        made = poller(source, fleet)
        await made.start()
        await asyncio.sleep(0.3)
        assert fleet.events == []
        source.down = False
        async with asyncio.timeout(30):
            while source.queues[URL]:
                await asyncio.sleep(0.01)
        await made.drain()

    run(main())


def test_draining_finishes_what_is_under_way() -> None:
    source, fleet = FakeSource(queues={URL: []}), FakeFleet(seconds=0.2)
    source.send(URL, "x")
    run(polled(poller(source, fleet), lambda: fleet.running == 1))
    assert source.queues[URL] == []


def test_messages_received_while_draining_are_returned_at_once() -> None:
    source, fleet = FakeSource(queues={URL: []}), FakeFleet()
    made = poller(source, fleet)
    receive = source.receive

    def late(url: str, *, most: int, wait_seconds: float) -> list[Received]:
        made._stopping.set()
        return receive(url, most=most, wait_seconds=wait_seconds)

    source.receive = late  # type: ignore[method-assign]
    source.send(URL, "x")
    run(polled(made, made._stopping.is_set))
    assert fleet.events == []
    assert [held.visible_at for held in source.queues[URL]] == [0]


def test_the_age_of_a_queue_is_that_of_its_oldest_known_message() -> None:
    now = [100.0]
    ages = Ages(lambda: now[0])
    assert ages.oldest_seconds("q", waiting=0) == 0
    message = Received("a", "r", "", "", {"SentTimestamp": "90000"}, {})
    ages.received("q", [message])
    assert ages.oldest_seconds("q", waiting=0) == 10
    ages.settled("q", [message])
    assert ages.oldest_seconds("q", waiting=0) == 0
    # Messages wait and nobody receives them: the age grows from when that was first seen.
    assert ages.oldest_seconds("q", waiting=5) == 0
    now[0] = 160.0
    assert ages.oldest_seconds("q", waiting=5) == 60


def test_an_event_continues_the_trace_of_its_first_message_that_has_one() -> None:
    source, fleet = FakeSource(queues={URL: []}), FakeFleet()
    source.send(URL, "plain")
    source.send(URL, "traced", AWSTraceHeader="Root=1-2-3;Sampled=1")
    run(polled(poller(source, fleet), lambda: not source.queues[URL]))
    assert fleet.traces == ["Root=1-2-3;Sampled=1"]
