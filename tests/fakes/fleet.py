"""A fleet of environments that calls plain functions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import orjson

from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.places import NO_CALLER, Place

Handler = Callable[[Mapping[str, object]], object]


@dataclass(frozen=True)
class Answer:
    payload: bytes = b"null"
    error: object | None = None


@dataclass
class FakeFleet:
    """Responds with what `handler` returns; what it raises is the handler's error.

    Raise `groundwork_lambda_host.invoking.Throttled` to be throttled; return bytes for a raw
    payload.
    """

    handler: Handler | Callable[[Mapping[str, object]], Awaitable[object]] = lambda _event: None
    seconds: float = 0.0
    events: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    async def invoke(
        self,
        function: str,
        event: Mapping[str, object],
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
        trace: str = "",
    ) -> Answer:
        self.events.append((function, event))
        self.places.append(place)
        self.traces.append(trace)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.seconds)
            result = self.handler(event)
            if asyncio.iscoroutine(result):
                result = await result
        except Throttled:
            raise
        except Exception as error:
            return Answer(b"", error)
        finally:
            self.running -= 1
        return Answer(result if isinstance(result, bytes) else orjson.dumps(result))

    def of(self, event_type: str) -> list[Mapping[str, object]]:
        """The WebSocket events of a type."""
        found = []
        for _, event in self.events:
            context = event.get("requestContext")
            if isinstance(context, Mapping) and context.get("eventType") == event_type:
                found.append(event)
        return found
