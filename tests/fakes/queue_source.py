"""SQS in memory: visibility, receive counts and redrive, without a clock of its own."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from groundwork_lambda_host.pollers import Depth, QueueMissing, ServiceUnreachable
from groundwork_lambda_host.pollers.messages import Received


@dataclass
class _Held:
    id: str
    body: str
    visible_at: float = 0.0
    receives: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeSource:
    """Queues by URL. `down` and `lost` make it fail as the real one does."""

    visibility_seconds: float = 30.0
    clock: float = 0.0
    queues: dict[str, list[_Held]] = field(default_factory=dict)
    down: bool = False
    waits: list[float] = field(default_factory=list)
    sent: int = 0

    def send(self, url: str, body: str, **attributes: str) -> str:
        self.sent += 1
        held = _Held(f"m{self.sent}", body, attributes=attributes)
        self.queues.setdefault(url, []).append(held)
        return held.id

    def receive(self, url: str, *, most: int, wait_seconds: float) -> list[Received]:
        found: list[Received] = []
        for held in self._queue(url):
            if held.visible_at <= self.clock and len(found) < min(most, 10):
                held.receives += 1
                held.visible_at = self.clock + self.visibility_seconds
                found.append(self._received(held))
        self.waits.append(wait_seconds)
        if not found:
            time.sleep(0.005)
        return found

    def delete(self, url: str, messages: Sequence[Received]) -> None:
        gone = {message.receipt for message in messages}
        queue = self._queue(url)
        queue[:] = [held for held in queue if self._receipt(held) not in gone]

    def give_back(self, url: str, delays: Mapping[str, int]) -> None:
        for held in self._queue(url):
            if self._receipt(held) in delays:
                held.visible_at = self.clock + delays[self._receipt(held)]

    def depth(self, url: str) -> Depth:
        queue = self._queue(url)
        visible = sum(held.visible_at <= self.clock for held in queue)
        return Depth(visible, len(queue) - visible, 0)

    def _queue(self, url: str) -> list[_Held]:
        if self.down:
            raise ServiceUnreachable
        if url not in self.queues:
            raise QueueMissing
        return self.queues[url]

    @staticmethod
    def _receipt(held: _Held) -> str:
        return f"{held.id}/{held.receives}"

    def _received(self, held: _Held) -> Received:
        attributes = {"ApproximateReceiveCount": str(held.receives), "SentTimestamp": "0"}
        attributes |= held.attributes
        return Received(held.id, self._receipt(held), held.body, "", attributes, {})
