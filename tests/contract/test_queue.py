"""Queues: in memory, and SQS of moto and of the emulator."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from moto import mock_aws
from pydantic import JsonValue

from groundwork_core.errors import Invalid, Unavailable
from groundwork_core.queues import DelayQueue, FairQueue, Queue
from groundwork_data.aws.clients import sqs
from groundwork_data.aws.nudge_queue import NudgeQueue
from groundwork_data.aws.queues import SqsQueue
from groundwork_data.aws.signed_request import AwsCredentials

from ..fakes.queue import MemoryQueue

if TYPE_CHECKING:
    from ..conftest import Emulator


class FullQueue(Queue, DelayQueue, FairQueue, Protocol):
    """The operations of an SQS queue."""


@dataclass
class Subject:
    """A queue, and what somebody finds in it."""

    queue: FullQueue
    received: Callable[[], Sequence[Mapping[str, JsonValue]]]


def receive_all(client: Any, url: str, wait_seconds: int = 0) -> list[dict[str, JsonValue]]:
    found = []
    while messages := client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
    ).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.fixture(params=["memory", "moto", pytest.param("emulator", marks=pytest.mark.services)])
def subject(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "memory":
        queue = MemoryQueue()
        yield Subject(queue, lambda: queue.messages)
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    if request.param == "moto":
        with mock_aws():
            client = boto3.client("sqs", region_name="eu-central-1")
            url = client.create_queue(QueueName="things")["QueueUrl"]
            yield Subject(SqsQueue(lambda: client, url), lambda: receive_all(client, url))
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", emulator.access_key_id)
    url = emulator.queue("things")
    made = sqs("eu-central-1", emulator.endpoint)
    yield Subject(SqsQueue(lambda: made, url), lambda: receive_all(made, url, 1))


def test_messages_are_received_as_they_were_sent(subject: Subject) -> None:
    message: dict[str, JsonValue] = {"text": 'Grüße 🌍 \u0001 "', "deep": [{"n": 1.5}, None]}

    subject.queue.send([message])

    assert list(subject.received()) == [message]


def test_more_than_a_batch_arrives_once_each(subject: Subject) -> None:
    subject.queue.send([{"n": number} for number in range(57)])

    assert sorted(str(m["n"]) for m in subject.received()) == sorted(map(str, range(57)))


def test_large_messages_are_split_into_batches_by_size(subject: Subject) -> None:
    subject.queue.send([{"n": number, "x": "x" * 100_000} for number in range(5)])

    assert len(subject.received()) == 5


def test_a_message_may_be_delivered_later(subject: Subject) -> None:
    subject.queue.send_later({"n": 1}, 0)
    assert list(subject.received()) == [{"n": 1}]


@pytest.mark.parametrize("party", ["source:0190", "a name with spaces", "x" * 500])
def test_messages_of_several_parties_can_be_sent_at_once(subject: Subject, party: str) -> None:
    subject.queue.send_in_turn([(party, {"n": 1}), ("other", {"n": 2})])
    assert sorted(str(one["n"]) for one in subject.received()) == ["1", "2"]


def test_the_party_of_a_message_is_its_sqs_message_group(emulator: "Emulator") -> None:
    url, client = emulator.queue("parties"), emulator.client("sqs")
    SqsQueue(lambda: client, url).send_in_turn([("user:1", {"n": 1})])
    found = client.receive_message(
        QueueUrl=url, MessageSystemAttributeNames=["All"], WaitTimeSeconds=5
    )
    assert found["Messages"][0]["Attributes"]["MessageGroupId"] == "user:1"


def test_a_delayed_message_is_not_delivered_at_once(emulator: "Emulator") -> None:
    url, client = emulator.queue("later"), emulator.client("sqs")
    SqsQueue(lambda: client, url).send_later({"n": 1}, 900)
    assert receive_all(client, url) == []
    name = "ApproximateNumberOfMessagesDelayed"
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    assert found["Attributes"][name] == "1"


def test_sending_an_empty_list_sends_no_message(subject: Subject) -> None:
    subject.queue.send([])

    assert list(subject.received()) == []


def test_a_message_too_large_for_a_queue_is_invalid(subject: Subject) -> None:
    with pytest.raises(Invalid):
        subject.queue.send([{"x": "x" * 300_000}])


def test_a_nudge_arrives_without_boto3(emulator: "Emulator") -> None:
    url = emulator.queue("nudges")
    NudgeQueue(url, "eu-central-1", AwsCredentials(emulator.access_key_id, "x")).send(
        [{"reason": "é"}]
    )

    assert receive_all(emulator.client("sqs"), url, 1) == [{"reason": "é"}]


def trace_of(client: Any, url: str) -> str | None:
    (message,) = client.receive_message(QueueUrl=url, AttributeNames=["All"], WaitTimeSeconds=5)[
        "Messages"
    ]
    return message["Attributes"].get("AWSTraceHeader")  # type: ignore[no-any-return]


TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="


@pytest.mark.parametrize(("sampled", "carried"), [("1", f"{TRACE}1"), ("0", None)])
def test_a_nudge_carries_a_sampled_trace(
    emulator: "Emulator", monkeypatch: pytest.MonkeyPatch, sampled: str, carried: str | None
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE + sampled)
    url = emulator.queue("traced")
    NudgeQueue(url, "eu-central-1", AwsCredentials(emulator.access_key_id, "x")).send([{"n": 1}])
    assert trace_of(emulator.client("sqs"), url) == carried


class Recording:
    """A client that keeps what it is given: no emulator stores this attribute of a batch."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's
        self.entries += Entries
        return {}


def test_a_message_carries_a_sampled_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = Recording()
    for sampled in ("1", "0"):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE + sampled)
        SqsQueue(lambda: client, "url").send([{"n": 1}])
    traced, plain = client.entries
    attribute = traced["MessageSystemAttributes"]["AWSTraceHeader"]
    assert attribute == {"DataType": "String", "StringValue": f"{TRACE}1"}
    assert "MessageSystemAttributes" not in plain


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/0/q", "{endpoint}/000000000000/no-such-queue"])
def test_a_nudge_that_does_not_arrive_is_unavailable(emulator: "Emulator", url: str) -> None:
    url = url.format(endpoint=emulator.endpoint)
    with pytest.raises(Unavailable):
        NudgeQueue(url, "eu-central-1", AwsCredentials("test", "test")).send([{"n": 1}])


class Failing:
    """A client that refuses some entries, some times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.sent: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803 - boto3's names
        failed = []
        for entry in Entries:
            if self.refusals and entry["Id"] == "1":
                self.refusals -= 1
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "Busy"})
            else:
                self.sent.append(entry["MessageBody"])
        return {"Failed": failed}


def test_only_refused_messages_are_sent_again() -> None:
    client: Any = Failing(refusals=2)

    SqsQueue(lambda: client, "url", pause=lambda _: None).send([{"n": 0}, {"n": 1}, {"n": 2}])

    assert client.sent == ['{"n": 0}', '{"n": 2}', '{"n": 1}']


def test_a_message_refused_repeatedly_is_an_error() -> None:
    client: Any = Failing(refusals=99)
    with pytest.raises(Unavailable):
        SqsQueue(lambda: client, "url", pause=lambda _: None).send([{"n": 0}, {"n": 1}])


def test_an_unreachable_service_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    queue = SqsQueue(lambda: sqs("eu-central-1", "http://127.0.0.1:9"), "http://127.0.0.1:9/0/q")
    with pytest.raises(Unavailable):
        queue.send([{"n": 1}])
