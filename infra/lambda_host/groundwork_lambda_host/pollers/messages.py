"""SQS messages, the events of batches, and the results of functions."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Received:
    """A received message, reserved for this host until its visibility timeout."""

    id: str
    receipt: str
    body: str
    md5: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Mapping[str, object]]

    @property
    def receive_count(self) -> int:
        """Number of times it was received, including this time."""
        return int(self.attributes.get("ApproximateReceiveCount", "1"))

    @property
    def sent_at(self) -> float:
        """Time at which it was sent, in Unix seconds."""
        return int(self.attributes.get("SentTimestamp", "0")) / 1000

    @property
    def trace(self) -> str:
        """The trace of its sender, as in X-Ray's header; empty if there is none."""
        return self.attributes.get("AWSTraceHeader", "")

    @property
    def size_bytes(self) -> int:
        """Approximate size in an event."""
        return len(self.body) + 1024


def sqs_event(messages: Sequence[Received], *, queue_arn: str, region: str) -> Event:
    """Return the event of a batch."""
    return {
        "Records": [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": dict(message.attributes),
                "messageAttributes": {
                    name: _attribute(value) for name, value in message.message_attributes.items()
                },
                "md5OfBody": message.md5,
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": region,
            }
            for message in messages
        ]
    }


def _attribute(value: Mapping[str, object]) -> Event:
    found: Event = {"stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        found["stringValue"] = value["StringValue"]
    binary = value.get("BinaryValue")
    if isinstance(binary, bytes):
        found["binaryValue"] = base64.b64encode(binary).decode()
    found["dataType"] = value.get("DataType", "String")
    return found


def failed_ids(payload: bytes, sent: Sequence[str]) -> frozenset[str]:
    """Return which of the messages `sent` failed, by the result of the handler.

    As in Lambda (ReportBatchItemFailures): null, `{}`, and a missing or empty list mean complete
    success; invalid JSON, and an empty, missing or unknown identifier mean complete failure.
    """
    everything = frozenset(sent)
    try:
        result = orjson.loads(payload.strip() or b"null")
    except orjson.JSONDecodeError:
        return everything
    failures = result.get("batchItemFailures") if isinstance(result, dict) else result
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return everything
    found = {item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures}
    named = frozenset(name for name in found if isinstance(name, str))
    return named if len(named) == len(found) and named <= everything else everything


def retry_after_seconds(message: Received, *, visibility_seconds: int) -> int:
    """Return the delay of a failed message: 2, 4, 8, … seconds, at most the queue's visibility.

    AWS waits for the whole visibility timeout, because it cannot know whether the function still
    runs; this host knows that it does not.
    """
    return int(min(visibility_seconds, 2 ** min(message.receive_count, 16)))
