"""The answer of a queue function about its batch, as Lambda reads it."""

import json
from pathlib import Path

import pytest

from groundwork_lambda_host.pollers.messages import (
    Received,
    failed_ids,
    retry_after_seconds,
    sqs_event,
)

SENT = ["a", "b", "c"]
NONE: frozenset[str] = frozenset()
ALL = frozenset(SENT)


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        ("", NONE),
        ("null", NONE),
        ("{}", NONE),
        ('{"batchItemFailures": null}', NONE),
        ('{"batchItemFailures": []}', NONE),
        ('{"batchItemFailures": [{"itemIdentifier": "b"}]}', frozenset("b")),
        ('{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}', {"b"}),
        ('{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', ALL),
        ('{"batchItemFailures": [{"itemIdentifer": "b"}]}', ALL),
        ('{"batchItemFailures": ["b"]}', ALL),
        ('{"batchItemFailures": "b"}', ALL),
        ('"done"', ALL),
        ("<html>", ALL),
    ],
)
def test_the_failed_messages_of_a_result_are_found(payload: str, failed: frozenset[str]) -> None:
    assert failed_ids(payload.encode(), SENT) == failed


@pytest.mark.parametrize(
    ("receives", "seconds"), [(1, 2), (2, 4), (5, 32), (10, 180), (10_000, 180)]
)
def test_a_failed_message_waits_longer_each_time_but_never_past_the_queues_visibility(
    receives: int, seconds: int
) -> None:
    message = Received("a", "r", "", "", {"ApproximateReceiveCount": str(receives)}, {})
    assert retry_after_seconds(message, visibility_seconds=180) == seconds


def test_an_event_is_the_one_that_lambda_makes() -> None:
    golden = Path(__file__).parents[3] / "events" / "sqs.json"
    message = Received(
        id="059f36b4-87a3-44ab-83d2-661975830a7d",
        receipt="AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        body='{"ticket": "7"}',
        md5="e4e68fb7bd0e697a0ae8f1bb342846b3",
        attributes={
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        message_attributes={
            "trace": {"StringValue": "1-5759e988", "DataType": "String"},
            "raw": {"BinaryValue": b"\x00\x01", "DataType": "Binary"},
        },
    )
    made = sqs_event(
        [message], queue_arn="arn:aws:sqs:eu-central-1:123456789012:fetch", region="eu-central-1"
    )
    assert made == json.loads(golden.read_text())
