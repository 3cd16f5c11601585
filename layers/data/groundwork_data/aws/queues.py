"""Send messages to SQS in batches, with boto3."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from groundwork_core.errors import Invalid, Unavailable
from groundwork_data.aws.trace_header import sampled_trace

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
GROUP = re.compile(r"[!-~]{1,128}")


class SqsQueue:
    """Implements the ports of `groundwork_core.queues`."""

    def __init__(
        self,
        client: Callable[[], SQSClient],
        url: str,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`client` creates the client at the first send; `url` is the queue's URL."""
        self._api = cache(client)
        self._url = url
        self._pause = pause

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send JSON objects in batches of ten; messages that SQS refuses are retried.

        Raises:
            Unavailable: some messages could not be sent.
            Invalid: a message is larger than 256 KB.
        """
        self._send_all([{"Id": "", "MessageBody": json.dumps(message)} for message in messages])

    def send_in_turn(self, messages: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> None:
        """Send JSON objects, each in the message group of its party.

        Raises the errors of `send`.
        """
        self._send_all(
            [
                {"Id": "", "MessageBody": json.dumps(message), "MessageGroupId": _group(party)}
                for party, message in messages
            ]
        )

    def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
        """Send one JSON object with a delay. Raises the errors of `send`."""
        body = json.dumps(message)
        self._send([{"Id": "0", "MessageBody": body, "DelaySeconds": delay_seconds}])

    def send_all_later(
        self, messages: Sequence[Mapping[str, JsonValue]], delay_seconds: int
    ) -> None:
        """Send JSON objects with a delay. Raises the errors of `send`."""
        delay = min(delay_seconds, MOST_DELAY_SECONDS)
        self._send_all(
            [
                {"Id": "", "MessageBody": json.dumps(message), "DelaySeconds": delay}
                for message in messages
            ]
        )

    def _send_all(self, entries: list[SendMessageBatchRequestEntryTypeDef]) -> None:
        for batch in _batches(entries):
            for place, entry in enumerate(batch):
                entry["Id"] = str(place)
            self._send(batch)

    def _send(self, left: list[SendMessageBatchRequestEntryTypeDef]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

        if trace := sampled_trace(os.environ):
            for entry in left:
                entry["MessageSystemAttributes"] = {
                    "AWSTraceHeader": {"DataType": "String", "StringValue": trace}
                }
        for attempt in range(TRIES):
            if attempt:
                self._pause(RETRY_SECONDS * 2**attempt)
            try:
                response = self._api().send_message_batch(QueueUrl=self._url, Entries=left)
            except (BotoCoreError, ClientError) as error:
                # botocore has already retried errors that are worth it.
                raise Unavailable("The queue service does not accept messages.") from error
            failed = {entry["Id"] for entry in response.get("Failed", [])}
            left = [entry for entry in left if entry["Id"] in failed]
            if not left:
                return
        raise Unavailable("The queue service refused messages.")


def _group(party: str) -> str:
    """Return the name of a party's message group; SQS allows 128 characters without spaces."""
    return party if GROUP.fullmatch(party) else hashlib.sha256(party.encode()).hexdigest()


def _batches(
    entries: list[SendMessageBatchRequestEntryTypeDef],
) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """Split messages into batches within the limits of messages and bytes."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    size = 0
    for entry in entries:
        length = len(entry["MessageBody"].encode())
        if length > BATCH_BYTES:
            raise Invalid(f"A message of {length} bytes is too large for a queue.")
        if len(batch) == BATCH_MESSAGES or size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
