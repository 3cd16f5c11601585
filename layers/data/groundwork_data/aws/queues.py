"""Send messages to SQS in batches, with boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef
    from pydantic import JsonValue

BATCH_MESSAGES = 10
BATCH_BYTES = 262_144
"""Bytes that every SQS accepts, of one message or of a batch (AWS accepts more since 2025)."""

MOST_DELAY_SECONDS = 900
TRIES = 3
RETRY_SECONDS = 0.1


class SqsQueue:
    """Implements `Queue`, `DelayQueue` and `DelayingQueue` of `groundwork_core.queues`."""

    def __init__(
        self,
        client: Callable[[], SQSClient],
        url: str,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`client` creates the client at the first send; `url` is the queue's URL."""
        self._make_client = client
        self._client: SQSClient | None = None
        self._url = url
        self._pause = pause

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send JSON objects in batches of ten; messages that SQS refuses are retried.

        Raises:
            Unavailable: some messages could not be sent.
            Invalid: a message is larger than 256 KB.
        """
        for batch in _batches([json.dumps(message) for message in messages]):
            self._send(
                [{"Id": str(place), "MessageBody": body} for place, body in enumerate(batch)]
            )

    def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
        """Send one JSON object, to be delivered after a delay. Raises Unavailable: as `send`."""
        body = json.dumps(message)
        self._send([{"Id": "0", "MessageBody": body, "DelaySeconds": delay_seconds}])

    def send_all_later(
        self, messages: Sequence[Mapping[str, JsonValue]], delay_seconds: int
    ) -> None:
        """Send JSON objects, to be delivered after a delay. Raises as `send`."""
        delay = min(delay_seconds, MOST_DELAY_SECONDS)
        for batch in _batches([json.dumps(message) for message in messages]):
            self._send(
                [
                    {"Id": str(place), "MessageBody": body, "DelaySeconds": delay}
                    for place, body in enumerate(batch)
                ]
            )

    def _send(self, left: list[SendMessageBatchRequestEntryTypeDef]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

        if self._client is None:
            self._client = self._make_client()
        for attempt in range(TRIES):
            if attempt:
                self._pause(RETRY_SECONDS * 2**attempt)
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=left)
            except (BotoCoreError, ClientError) as error:
                # botocore has already retried errors that are worth it.
                raise Unavailable("The queue service does not accept messages.") from error
            failed = {entry["Id"] for entry in answer.get("Failed", [])}
            left = [entry for entry in left if entry["Id"] in failed]
            if not left:
                return
        raise Unavailable("The queue service refused messages.")


def _batches(bodies: list[str]) -> Iterator[list[str]]:
    """Split messages into batches within the limits of messages and bytes."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if length > BATCH_BYTES:
            raise Invalid(f"A message of {length} bytes is too large for a queue.")
        if len(batch) == BATCH_MESSAGES or size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
