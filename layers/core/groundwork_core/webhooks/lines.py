"""The messages that a sender has leased, in a queue for each endpoint."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from groundwork_core.webhooks.ports import DueMessage, LeasedEndpoint
from groundwork_core.webhooks.schedule import EndpointHealth

PREFETCH = 20
"""Messages held of one endpoint, beside those on their way."""
UNUSED_SECONDS = 2.0
"""The time without a message after which an endpoint's lease is released."""


@dataclass(slots=True)
class Line:
    """The messages of one endpoint, in the order in which they are sent."""

    endpoint: LeasedEndpoint
    waiting: deque[DueMessage] = field(default_factory=deque)
    on_the_way: dict[UUID, DueMessage] = field(default_factory=dict)
    used_at: float = field(default_factory=time.monotonic)

    @property
    def failing(self) -> bool:
        """True if the last attempt failed."""
        return self.endpoint.failures > 0

    @property
    def may_start(self) -> bool:
        """Return whether one more message may be sent at the same time."""
        doubtful = EndpointHealth(failures=self.endpoint.failures).doubtful
        width = 1 if doubtful else self.endpoint.max_in_flight
        return bool(self.waiting) and len(self.on_the_way) < width

    @property
    def room(self) -> int:
        """Return how many more messages to lease; fewer for a slow endpoint."""
        wanted = self.endpoint.max_in_flight if self.failing else PREFETCH
        missing = wanted - len(self.waiting)
        return missing if missing > wanted // 2 else 0


class Lines:
    """The lines of one sender."""

    def __init__(self) -> None:
        self._lines: dict[UUID, Line] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def webhooks(self) -> list[UUID]:
        """The webhooks whose endpoints the sender has leased."""
        return list(self._lines)

    @property
    def on_the_way(self) -> int:
        """The number of messages that are being sent."""
        return sum(len(line.on_the_way) for line in self._lines.values())

    @property
    def failing_on_the_way(self) -> int:
        """The number of messages being sent to endpoints whose last attempt failed."""
        return sum(len(line.on_the_way) for line in self._lines.values() if line.failing)

    def room(self) -> dict[UUID, int]:
        """Return how many more messages to lease for each endpoint below its limit."""
        return {id_: line.room for id_, line in self._lines.items() if line.room > 0}

    def held(self) -> list[UUID]:
        """Return the ids of all messages that this sender has."""
        return [
            one.id
            for line in self._lines.values()
            for one in (*line.waiting, *line.on_the_way.values())
        ]

    def knows(self, due: Iterable[DueMessage]) -> bool:
        """Return whether there is a line for each of these messages."""
        return self._lines.keys() >= {one.webhook_id for one in due}

    def keep(self, endpoints: Sequence[LeasedEndpoint]) -> None:
        """Add and update lines; drop those of endpoints that the sender no longer has.

        A message that is being sent to such an endpoint is not interrupted.
        """
        named = {one.webhook_id for one in endpoints}
        for endpoint in endpoints:
            line = self._lines.get(endpoint.webhook_id)
            if line is None:
                self._lines[endpoint.webhook_id] = Line(endpoint)
            else:
                line.endpoint = endpoint
        for webhook_id in self._lines.keys() - named:
            self._lines[webhook_id].waiting.clear()
            if not self._lines[webhook_id].on_the_way:
                del self._lines[webhook_id]

    def put(self, due: Iterable[DueMessage]) -> None:
        """Add messages to the lines of their endpoints."""
        for one in due:
            if one.webhook_id in self._lines:
                self._lines[one.webhook_id].waiting.append(one)

    def start(
        self, free: int, free_for_failing: int
    ) -> Iterator[tuple[LeasedEndpoint, DueMessage]]:
        """Yield messages to send, one per endpoint in turn, and count them as being sent."""
        lines = [line for line in self._lines.values() if line.may_start]
        self._turn += 1
        first = self._turn % len(lines) if lines else 0
        waiting = deque(lines[first:] + lines[:first])
        while waiting and free > 0:
            line = waiting.popleft()
            if line.failing and free_for_failing <= 0:
                continue
            message = line.waiting.popleft()
            line.on_the_way[message.id] = message
            line.used_at = time.monotonic()
            free, free_for_failing = free - 1, free_for_failing - line.failing
            if line.may_start:
                waiting.append(line)
            yield line.endpoint, message

    def ended(self, message: DueMessage) -> None:
        """Record that the sending of a message has ended."""
        line = self._lines.get(message.webhook_id)
        if line is not None:
            line.on_the_way.pop(message.id, None)
            line.used_at = time.monotonic()

    def learn(self, webhook_id: UUID, health: EndpointHealth, now: datetime) -> None:
        """Store the health of an endpoint; if its circuit is open, drop its waiting messages."""
        line = self._lines.get(webhook_id)
        if line is None:
            return
        line.endpoint = replace(line.endpoint, failures=health.failures)
        if health.open_until is not None and health.open_until > now:
            line.waiting.clear()

    def drop(self, *, unused_seconds: float = UNUSED_SECONDS) -> list[UUID]:
        """Drop lines that were empty and unused for `unused_seconds`; return their webhooks."""
        before = time.monotonic() - unused_seconds
        unused = [
            id_
            for id_, line in self._lines.items()
            if not line.waiting and not line.on_the_way and line.used_at <= before
        ]
        for id_ in unused:
            del self._lines[id_]
        return unused

    def forget_waiting(self) -> None:
        """Drop all waiting messages, so that other senders send them."""
        for line in self._lines.values():
            line.waiting.clear()
