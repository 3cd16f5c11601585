"""A queue in memory."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from groundwork_core.errors import Invalid

LARGEST_BYTES = 262_144


class MemoryQueue:
    """Implements `groundwork_core.queues.Queue`; keeps what it was sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, JsonValue]] = []

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        texts = [json.dumps(message) for message in messages]
        if any(len(text) > LARGEST_BYTES for text in texts):
            raise Invalid("A message is too large for a queue.")
        self.messages += [json.loads(text) for text in texts]
