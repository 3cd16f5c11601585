"""The port of queues, which deliver each message at least once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue


class Queue(Protocol):
    """A queue of messages that are JSON objects."""

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send JSON objects, each as one message.

        Raises:
            Unavailable: not all were sent, in spite of retries. Send all of them again; since some
                may have been sent, receivers must accept duplicates.
            Invalid: a message is too large for the queue.
        """
        ...


class DelayQueue(Protocol):
    """A queue that delivers a message later."""

    def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
        """Send a JSON object that is delivered after a delay of up to 900 seconds.

        Raises:
            Unavailable: the message was not sent, in spite of retries.
        """
        ...


class DelayingQueue(Queue, Protocol):
    """A queue that delivers many messages later."""

    def send_all_later(
        self, messages: Sequence[Mapping[str, JsonValue]], delay_seconds: int
    ) -> None:
        """Send JSON objects with a delay of up to 900 seconds.

        Raises the errors of `Queue.send`.
        """
        ...


class FairQueue(Protocol):
    """A queue in which parties take turns, if the service can do so (fair queues of SQS)."""

    def send_in_turn(self, messages: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> None:
        """Send JSON objects, each with its party. Raises the errors of `Queue.send`."""
        ...
