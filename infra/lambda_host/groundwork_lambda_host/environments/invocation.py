"""One event on its way through an environment, and how it ended."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from groundwork_lambda_host.places import NO_CALLER, Place


@dataclass(frozen=True, slots=True)
class LambdaError:
    """What went wrong, in the words in which Lambda tells it."""

    error_type: str
    error_message: str


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An API Gateway answer whose body needs no further decoding (it is the payload).

    The values are as the handler gave them; who makes an answer of them has to look at each.
    """

    status: object
    headers: Mapping[str, object]
    multi_value_headers: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Invocation:
    """How one event ended.

    Attributes:
        request_id: Id of the invocation, the one in the logs.
        payload: What the handler returned, as JSON; the body itself where `http` is set.
        error: Why there is no payload.
        http: Status and headers, where the caller asked for an HTTP answer and got one.
        seconds: How long the handler ran.
        cold: Whether it was the first event of its environment.
    """

    request_id: str
    payload: bytes
    error: LambdaError | None
    http: HttpAnswer | None
    seconds: float
    cold: bool


class Waiting(Protocol):
    """Calls that wait."""

    def discard(self, call: "Call") -> None:
        """Takes one out."""


@dataclass(slots=True, eq=False)
class Call:
    """An event that waits or runs.

    Attributes:
        event: Its JSON.
        request_id: Id of the invocation.
        trace: Value of `_X_AMZN_TRACE_ID`.
        wants: `json` takes the result as it is; `http` takes status, headers and body of an API
            Gateway answer apart, so that the body is encoded once.
        on_end: Told once how it ended; None says that the caller's time was over first.
        place: Where it waits.
        over: Nobody waits for it any more.
    """

    event: bytes
    request_id: str
    trace: str
    wants: str
    on_end: Callable[[Invocation | None], None]
    place: Place = NO_CALLER
    over: bool = False
    started: float = 0.0
    cold: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)
    waits_in: "Waiting | None" = field(default=None, repr=False)

    def header(self, deadline_ms: int) -> bytes:
        """The header frame; ids and traces hold no character that JSON would escape."""
        return (
            f'{{"id":"{self.request_id}","deadline_ms":{deadline_ms},'
            f'"trace":"{self.trace}","wants":"{self.wants}"}}'
        ).encode()

    def end(
        self,
        payload: bytes = b"",
        error: LambdaError | None = None,
        http: HttpAnswer | None = None,
    ) -> Invocation:
        """Tells the caller, if it still waits, the outcome; returns it too."""
        if self.timer is not None:
            self.timer.cancel()
        seconds = perf_counter() - self.started if self.started else 0.0
        outcome = Invocation(self.request_id, payload, error, http, seconds, self.cold)
        if not self.over:
            self.over = True
            self.on_end(outcome)
        return outcome

    def expire(self) -> None:
        """Tells the caller that its time is over; a handler that runs goes on."""
        if not self.over:
            self.leave()
            self.on_end(None)

    def leave(self) -> None:
        """The caller has gone: what still waits takes up no place any more."""
        self.over = True
        if self.waits_in is not None:
            self.waits_in.discard(self)
            self.waits_in = None
