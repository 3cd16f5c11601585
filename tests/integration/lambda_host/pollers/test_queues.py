"""The pollers on a real queue service."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from groundwork_command.emulator_bootstrap import bootstrap, make_queues
from groundwork_lambda_host.pollers import (
    AwsSettings,
    Pollers,
    PollerSettings,
    QueueGauge,
    sqs_source,
)
from groundwork_lambda_host.template import DeadLetter, Queue, QueueMapping, Secret, Stack

from ....conftest import Emulator
from ....fakes.fleet import FakeFleet

REGION = "eu-central-1"

LONGEST_POLL_SECONDS = 20.0


@dataclass
class Queues:
    """A stack of one queue with its dead letters, at the emulator, and its pollers."""

    emulator: Emulator
    stack: Stack
    gauges: list[QueueGauge] = field(default_factory=list)

    @property
    def settings(self) -> AwsSettings:
        return AwsSettings(REGION, self.emulator.endpoint, self.emulator.access_key_id, "x")

    @property
    def sqs(self) -> Any:
        return self.emulator.client("sqs")

    def send(self, *bodies: str) -> None:
        url = self.stack.queue("Work").url
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(index), "MessageBody": body}
                for index, body in enumerate(bodies[start : start + 10])
            ]
            self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def left(self, queue: str = "Work") -> int:
        found = self.sqs.get_queue_attributes(
            QueueUrl=self.stack.queue(queue).url, AttributeNames=["All"]
        )["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(
            found["ApproximateNumberOfMessagesNotVisible"]
        )

    def make(self) -> None:
        make_queues(self.sqs, self.stack.queues)

    def pollers(self, fleet: FakeFleet, wait_seconds: float = 1) -> Pollers:
        async def recreate() -> None:
            await asyncio.to_thread(self.make)

        return Pollers(
            self.stack,
            source=sqs_source(self.settings),
            invoker=fleet,
            recreate=recreate,
            settings=PollerSettings(region=REGION, wait_seconds=wait_seconds, gauge_seconds=0.3),
            gauge=self.gauges.append,
        )

    def run(
        self, fleet: FakeFleet, until: Callable[[], bool], *, within_seconds: float = 60
    ) -> None:
        async def main() -> None:
            pollers = self.pollers(fleet)
            await pollers.start()
            try:
                async with asyncio.timeout(within_seconds):
                    while not await asyncio.to_thread(until):
                        await asyncio.sleep(0.02)
            finally:
                await pollers.drain()

        asyncio.run(main())


def stack_of(emulator: Emulator, *, visibility_seconds: int = 30, tries: int = 3) -> Stack:
    def queue(logical_id: str, dead_letter: DeadLetter | None) -> Queue:
        name = f"{emulator.prefix}-{logical_id}"
        url = f"{emulator.endpoint}/000000000000/{name}"
        arn = f"arn:aws:sqs:{REGION}:000000000000:{name}"
        return Queue(logical_id, name, url, arn, visibility_seconds, 3600, dead_letter)

    mapping = QueueMapping("Worker", "Work", 10, 0, partial_responses=True, max_concurrency=2)
    return Stack(
        stage="local",
        region=REGION,
        functions={},
        routes=(),
        socket=None,
        queues=(queue("Work", DeadLetter("Dead", tries)), queue("Dead", None)),
        queue_mappings=(mapping,),
        schedules=(),
        secrets=(Secret("Key", f"{emulator.prefix}/key", "of a test"),),
    )


@pytest.fixture
def queues(emulator: Emulator) -> Queues:
    made = Queues(emulator, stack_of(emulator))
    made.make()
    return made


def bodies(event: Mapping[str, object]) -> list[str]:
    found = event["Records"]
    assert isinstance(found, list)
    return [record["body"] for record in found]


def test_messages_are_handled_in_batches_and_deleted(queues: Queues) -> None:
    fleet = FakeFleet()
    queues.send(*(str(number) for number in range(25)))
    queues.run(fleet, lambda: queues.left() == 0)
    got = [body for _, event in fleet.events for body in bodies(event)]
    assert sorted(got, key=int) == [str(number) for number in range(25)]
    assert max(len(bodies(event)) for _, event in fleet.events) == 10


def test_a_record_has_all_that_lambda_gives_it(queues: Queues, golden: Callable[..., Any]) -> None:
    fleet = FakeFleet()
    queues.sqs.send_message(
        QueueUrl=queues.stack.queue("Work").url,
        MessageBody="{}",
        MessageAttributes={
            "trace": {"StringValue": "1-5759e988", "DataType": "String"},
            "raw": {"BinaryValue": b"\x00\x01", "DataType": "Binary"},
        },
    )
    queues.run(fleet, lambda: queues.left() == 0)
    records: Any = fleet.events[0][1]["Records"]
    (record,) = records
    (expected,) = golden("sqs")["Records"]
    assert set(record) == set(expected)
    assert record["messageAttributes"] == expected["messageAttributes"]
    assert set(expected["attributes"]) <= set(record["attributes"])
    assert record["eventSourceARN"] == queues.stack.queue("Work").arn


def test_a_poison_message_is_dead_lettered_after_its_tries_while_others_flow(
    emulator: Emulator,
) -> None:
    # The tries are 2 and 4 s apart, not what the queue's visibility is.
    queues = Queues(emulator, stack_of(emulator, tries=2, visibility_seconds=600))
    queues.make()
    seen: list[str] = []

    def handler(event: Mapping[str, object]) -> object:
        records: Any = event["Records"]
        seen.extend(record["body"] for record in records)
        failed = [record["messageId"] for record in records if record["body"] == "poison"]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    queues.send("1", "poison", "2")
    queues.run(FakeFleet(handler), lambda: queues.left("Dead") == 1)
    assert queues.left() == 0
    assert seen.count("poison") == 2
    assert seen.count("1") == seen.count("2") == 1


def test_a_handler_that_reports_no_failures_sends_no_poison_message_to_the_dead_letters(
    queues: Queues,
) -> None:
    """With the guard disabled: without the failures in the result the message is lost silently."""
    queues.send("poison")
    fleet = FakeFleet(lambda _: None)
    queues.run(fleet, lambda: queues.left() == 0)
    assert queues.left("Dead") == 0


def test_the_gauges_show_depth_and_age(queues: Queues) -> None:
    def shows_the_message(gauge: QueueGauge) -> bool:
        return gauge.queue == "Work" and gauge.depth.in_flight == 1 and gauge.oldest_seconds > 1

    async def stuck(event: object) -> object:
        while not any(map(shows_the_message, queues.gauges)):
            await asyncio.sleep(0.05)
        return None

    queues.send("a")
    queues.run(FakeFleet(stuck), lambda: queues.left() == 0)
    assert {gauge.queue for gauge in queues.gauges} == {"Work", "Dead"}


@pytest.mark.long
def test_a_message_is_dispatched_when_it_arrives_and_not_at_the_end_of_the_poll(
    queues: Queues,
) -> None:
    """Ten messages, one after another, arrive within the time of the first poll."""

    async def main() -> None:
        arrived: asyncio.Queue[None] = asyncio.Queue()
        fleet = FakeFleet(lambda _: arrived.put_nowait(None))
        pollers = queues.pollers(fleet, wait_seconds=LONGEST_POLL_SECONDS)
        await pollers.start()
        client, url = queues.sqs, queues.stack.queue("Work").url
        async with asyncio.timeout(LONGEST_POLL_SECONDS):
            for _ in range(10):
                await asyncio.to_thread(lambda: client.send_message(QueueUrl=url, MessageBody="x"))
                await arrived.get()
        await pollers.drain()

    asyncio.run(main())


def test_bootstrap_creates_only_missing_resources(emulator: Emulator) -> None:
    queues = Queues(emulator, stack_of(emulator))
    made = bootstrap(queues.stack, queues.settings, secrets={"Key": "first"})
    assert (set(made.queues), made.secrets) == ({"Work", "Dead"}, ("Key",))
    again = bootstrap(queues.stack, queues.settings, secrets={"Key": "second"})
    assert (again.queues, again.secrets) == ((), ())
    manager = emulator.client("secretsmanager")
    name = f"{emulator.prefix}/key"
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "first"
    found = queues.sqs.get_queue_attributes(
        QueueUrl=queues.stack.queue("Work").url, AttributeNames=["All"]
    )["Attributes"]
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] in (3, "3")
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_secret_that_has_no_value_yet_gets_one(emulator: Emulator) -> None:
    manager = emulator.client("secretsmanager")
    name = f"{emulator.prefix}/key"
    manager.create_secret(Name=name)
    queues = Queues(emulator, stack_of(emulator))
    bootstrap(queues.stack, queues.settings, secrets={"Key": "value"})
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "value"
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
