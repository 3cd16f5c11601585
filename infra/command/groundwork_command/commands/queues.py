"""`groundwork queues`: show the queues and move dead letters back."""

import os
from typing import TYPE_CHECKING, Literal

from groundwork_command.instance import running
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, fail, note, result

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DEAD = "DeadLetters"
MAX_AT_ONCE = 10
HELD_SECONDS = 30


def show(output: Literal["json", "text"]) -> None:
    """List the queues with their numbers of waiting and in-flight messages."""
    with clear_failures():
        client = _client()
        found = [_depths(client, url) for url in _urls(client)]
    if output == "json":
        result({"queues": found})
        return
    for queue in found:
        print(f"{queue['name']}: {queue['waiting']} waiting, {queue['in_flight']} in flight")


def redrive(queue: str, output: Literal["json", "text"]) -> None:
    """Move the dead letters of a queue back into it."""
    with clear_failures():
        client = _client()
        by_name = {url.rsplit("/", 1)[1].lower(): url for url in _urls(client)}
        dead = [url for name, url in by_name.items() if name.endswith(_dead_name(queue))]
        target = [url for name, url in by_name.items() if name.endswith(_live_name(queue))]
        if len(dead) != 1 or len(target) != 1:
            known = sorted(name for name in by_name if not name.endswith(DEAD.lower()))
            fail(f"{queue!r} is not a queue with dead letters; the queues are {', '.join(known)}")
        moved = _move(client, dead[0], target[0])
    if output == "json":
        result({"moved": moved})
    else:
        note(f"{moved} moved back to {target[0].rsplit('/', 1)[1]}")


def _move(client: "SQSClient", dead: str, target: str) -> int:
    """Send each message, then delete it.

    A crash in between repeats one message, which is harmless.
    """
    moved = 0
    while True:
        got = client.receive_message(
            QueueUrl=dead, MaxNumberOfMessages=MAX_AT_ONCE, VisibilityTimeout=HELD_SECONDS
        ).get("Messages", [])
        if not got:
            return moved
        for message in got:
            client.send_message(QueueUrl=target, MessageBody=message["Body"])
            client.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
            moved += 1


def _dead_name(queue: str) -> str:
    return f"{_stem(queue)}{DEAD}".lower()


def _live_name(queue: str) -> str:
    return f"{_stem(queue)}queue".lower()


def _stem(queue: str) -> str:
    """Return the common part of `fetch`, `FetchQueue` and `FetchDeadLetters`."""
    lowered = queue.lower().removesuffix(DEAD.lower()).removesuffix("queue")
    return f"-{lowered.rsplit('-', 1)[-1]}"


def _urls(client: "SQSClient") -> list[str]:
    pages = client.get_paginator("list_queues").paginate()
    return sorted(url for page in pages for url in page.get("QueueUrls", []))


def _depths(client: "SQSClient", url: str) -> dict[str, object]:
    found = client.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    waiting = int(found["ApproximateNumberOfMessages"])
    in_flight = int(found["ApproximateNumberOfMessagesNotVisible"])
    return {"name": url.rsplit("/", 1)[1], "waiting": waiting, "in_flight": in_flight}


def _client() -> "SQSClient":
    import boto3  # takes 0.8 s

    if not os.environ.get("AWS_ENDPOINT_URL"):
        running.find(Home(running.home_folder()))  # raises NotRunning
    aws = running.aws()
    if not aws.endpoint:
        return boto3.client("sqs")
    return boto3.client(
        "sqs",
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
    )
