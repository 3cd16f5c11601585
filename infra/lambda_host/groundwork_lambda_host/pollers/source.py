"""Access to SQS through boto3. All calls block: call them in threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.pollers.messages import Received

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_AT_ONCE = 10
_CONNECT_SECONDS = 2.0
_RESPONSE_SECONDS = 10.0


class QueueMissing(Exception):
    """Raised if the service does not know the queue, as after a restart of an emulator."""


class ServiceUnreachable(Exception):
    """Raised if the queue service does not respond, or responds with an error."""


@dataclass(frozen=True, slots=True)
class Depth:
    """Approximate numbers of waiting, processed and delayed messages."""

    visible: int
    in_flight: int
    delayed: int


class Source(Protocol):
    """A queue service; `url` identifies a queue.

    Every method raises QueueMissing or ServiceUnreachable.
    """

    def receive(self, url: str, *, most: int, wait_seconds: float) -> list[Received]:
        """Receive up to `most` messages (at most 10), waiting for the first."""

    def delete(self, url: str, messages: Sequence[Received]) -> None:
        """Delete messages."""

    def give_back(self, url: str, delays: Mapping[str, int]) -> None:
        """Make messages visible again, by receipt, after a delay in seconds."""

    def depth(self, url: str) -> Depth:
        """Return the approximate numbers of messages."""


def sqs_client(settings: AwsSettings, *, connections: int, wait_seconds: float) -> "SQSClient":
    """Return a client without retries: the pollers wait and retry."""
    import boto3  # takes 0.8 s; needed only with queues
    from botocore.config import Config

    return boto3.client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=wait_seconds + _RESPONSE_SECONDS,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
        ),
    )


class SqsSource:
    """The queue service SQS, through boto3."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def receive(self, url: str, *, most: int, wait_seconds: float) -> list[Received]:
        """Receive up to `most` messages (at most 10), waiting for the first."""
        with _translated():
            response = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(most, MAX_AT_ONCE),
                WaitTimeSeconds=int(wait_seconds),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        return [
            Received(
                id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                md5=message["MD5OfBody"],
                attributes={str(key): value for key, value in message["Attributes"].items()},
                message_attributes={
                    name: {str(key): part for key, part in value.items()}
                    for name, value in message.get("MessageAttributes", {}).items()
                },
            )
            for message in response.get("Messages", [])
        ]

    def delete(self, url: str, messages: Sequence[Received]) -> None:
        """Delete messages."""
        for start in range(0, len(messages), MAX_AT_ONCE):
            some = messages[start : start + MAX_AT_ONCE]
            with _translated():
                self._client.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message.receipt}
                        for index, message in enumerate(some)
                    ],
                )

    def give_back(self, url: str, delays: Mapping[str, int]) -> None:
        """Make messages visible again, by receipt, after a delay in seconds."""
        pairs = list(delays.items())
        for start in range(0, len(pairs), MAX_AT_ONCE):
            some = pairs[start : start + MAX_AT_ONCE]
            with _translated():
                self._client.change_message_visibility_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                        for index, (receipt, seconds) in enumerate(some)
                    ],
                )

    def depth(self, url: str) -> Depth:
        """Return the approximate numbers of messages."""
        with _translated():
            response = self._client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        found = response.get("Attributes", {})
        return Depth(
            visible=int(found.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
            delayed=int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
        )


class _translated:  # noqa: N801 - reads like a function
    """Context manager that converts botocore's errors to those of this module."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            code = str(error.response.get("Error", {}).get("Code", ""))
            if "NonExistentQueue" in code or "QueueDoesNotExist" in code:
                raise QueueMissing(code) from error
            raise ServiceUnreachable(str(error)) from error
        if isinstance(error, BotoCoreError):
            raise ServiceUnreachable(str(error)) from error
