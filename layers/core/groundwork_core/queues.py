"""The port of queues, which deliver each message at least once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue


class Queue(Protocol):
    """A queue."""

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send JSON objects, each as one message.

        Raises:
            Unavailable: not all were sent, in spite of retries. Some may have been sent: send all
                again; receivers must accept duplicates.
            Invalid: a message is too large for the queue.
        """
        ...


class DelayQueue(Protocol):
    """A queue that delivers a message later."""

    def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
        """Send a JSON object that is delivered after a delay of up to 900 seconds.

        Raises:
            Unavailable: it was not sent, in spite of retries.
        """
        ...


class DelayingQueue(Queue, Protocol):
    """A queue that delivers many messages later."""

    def send_all_later(
        self, messages: Sequence[Mapping[str, JsonValue]], delay_seconds: int
    ) -> None:
        """Send JSON objects that are delivered after a delay of up to 900 s. Raises as `send`."""
        ...


class FairQueue(Protocol):
    """A queue in which parties take turns, where the service can (fair queues of SQS)."""

    def send_in_turn(self, messages: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> None:
        """Send JSON objects, each with the party whose it is. Raises as `Queue.send`."""
        ...
