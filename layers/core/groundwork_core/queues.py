"""Queues, as the domain sees them: messages go in, somebody takes each at least once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue


class Queue(Protocol):
    """One queue."""

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Put JSON objects into the queue, each as one message.

        Raises:
            Unavailable: not all could be sent, though tried again; some may have been, so send
                all of them once more: whoever takes them sees a message twice at worst.
            Invalid: a message is too large for the queue.
        """
        ...
