"""A queue in memory."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from groundwork_core.errors import Invalid

LARGEST_BYTES = 262_144


class MemoryQueue:
    """Implements the ports of `groundwork_core.queues`; keeps what it was sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, JsonValue]] = []
        self.delays: list[int] = []
        self.parties: list[str] = []

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        texts = [json.dumps(message) for message in messages]
        if any(len(text) > LARGEST_BYTES for text in texts):
            raise Invalid("A message is too large for a queue.")
        self.messages += [json.loads(text) for text in texts]

    def send_later(self, message: Mapping[str, JsonValue], delay_seconds: int) -> None:
        self.send([message])
        self.delays.append(delay_seconds)

    def send_all_later(
        self, messages: Sequence[Mapping[str, JsonValue]], delay_seconds: int
    ) -> None:
        self.delays += [delay_seconds] * len(messages)
        self.send(messages)

    def send_in_turn(self, messages: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> None:
        self.send([message for _, message in messages])
        self.parties += [party for party, _ in messages]
