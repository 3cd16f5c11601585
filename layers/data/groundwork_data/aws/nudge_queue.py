"""Send single small messages to SQS, without boto3."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.errors import Unavailable
from groundwork_data.aws.signed_request import AwsCredentials, AwsService
from groundwork_data.aws.trace_header import sampled_trace

if TYPE_CHECKING:
    from pydantic import JsonValue


class NudgeQueue:
    """Implements `groundwork_core.queues.Queue` with one request per message."""

    def __init__(self, url: str, region: str, credentials: AwsCredentials) -> None:
        """`url` is the queue's URL, which is also the address of the service."""
        self._url = url
        self._sqs = AwsService(url, "sqs", "application/x-amz-json-1.0", region, credentials)

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send each message.

        Raises:
            Unavailable: the service cannot be reached or refuses the request.
        """
        trace = sampled_trace(os.environ)
        attributes: dict[str, JsonValue] = (
            {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {}
        )
        for message in messages:
            status, _ = self._sqs.call(
                "AmazonSQS.SendMessage",
                {
                    "QueueUrl": self._url,
                    "MessageBody": json.dumps(message),
                    "MessageSystemAttributes": attributes,
                },
            )
            if status != http.client.OK:
                raise Unavailable(f"The queue service responded with {status}.")
