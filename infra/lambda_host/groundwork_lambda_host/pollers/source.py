"""SQS through boto3, as the pollers need it. Every call blocks: call them in threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.pollers.messages import Received

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_AT_ONCE = 10
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 10.0


class QueueMissing(Exception):
    """The service answers but does not know the queue: it was restarted empty."""


class ServiceUnreachable(Exception):
    """The queue service does not answer, or answers with an error."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait, are being worked on, or wait for their delay to pass."""

    visible: int
    in_flight: int
    delayed: int


class Source(Protocol):
    """One queue service; `url` says which of its queues.

    Every verb raises QueueMissing or ServiceUnreachable.
    """

    def receive(self, url: str, *, most: int, wait_seconds: float) -> list[Received]:
        """Up to `most` messages (10 at once), waiting for the first one."""

    def delete(self, url: str, messages: Sequence[Received]) -> None:
        """They are done."""

    def give_back(self, url: str, delays: Mapping[str, int]) -> None:
        """Let others see them again, by receipt, after so many seconds."""

    def depth(self, url: str) -> Depth:
        """How many messages it holds, about."""


def sqs_client(settings: AwsSettings, *, connections: int, wait_seconds: float) -> "SQSClient":
    """A client whose calls fail fast: the pollers wait and try again by themselves."""
    import boto3  # 0.8 s that only a host with queues pays
    from botocore.config import Config

    return boto3.client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=wait_seconds + _ANSWER_SECONDS,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
        ),
    )


class SqsSource:
    """The real one."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def receive(self, url: str, *, most: int, wait_seconds: float) -> list[Received]:
        """Up to `most` messages (10 at once), waiting for the first one."""
        with _translated():
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(most, MOST_AT_ONCE),
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
            for message in answer.get("Messages", [])
        ]

    def delete(self, url: str, messages: Sequence[Received]) -> None:
        """They are done."""
        for start in range(0, len(messages), MOST_AT_ONCE):
            some = messages[start : start + MOST_AT_ONCE]
            with _translated():
                self._client.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message.receipt}
                        for index, message in enumerate(some)
                    ],
                )

    def give_back(self, url: str, delays: Mapping[str, int]) -> None:
        """Let others see them again, by receipt, after so many seconds."""
        pairs = list(delays.items())
        for start in range(0, len(pairs), MOST_AT_ONCE):
            some = pairs[start : start + MOST_AT_ONCE]
            with _translated():
                self._client.change_message_visibility_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                        for index, (receipt, seconds) in enumerate(some)
                    ],
                )

    def depth(self, url: str) -> Depth:
        """How many messages it holds, about."""
        with _translated():
            answer = self._client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        found = answer.get("Attributes", {})
        return Depth(
            visible=int(found.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
            delayed=int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
        )


class _translated:  # noqa: N801 - reads like a function
    """Turns botocore's errors into the two that matter here."""

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
