"""Calls of functions and their results."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from groundwork_lambda_host.places import NO_CALLER, Place


@dataclass(frozen=True, slots=True)
class LambdaError:
    """Type and message of an error, as Lambda reports it."""

    error_type: str
    error_message: str


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers of an HTTP response; the payload is its body.

    The values are those of the handler and not validated.
    """

    status: object
    headers: Mapping[str, object]
    multi_value_headers: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Invocation:
    """Result of an event.

    Attributes:
        request_id: Id of the invocation, as in the logs.
        payload: The handler's result as JSON; the HTTP body if `http` is set.
        error: The error, or None.
        http: Status and headers, if the caller requested an HTTP response.
        seconds: Duration of the handler.
        cold: Whether it was the first event of its environment.
    """

    request_id: str
    payload: bytes
    error: LambdaError | None
    http: ResponseHead | None
    seconds: float
    cold: bool


class Waiting(Protocol):
    """A collection of waiting calls."""

    def discard(self, call: "Call") -> None:
        """Remove a call."""


@dataclass(slots=True, eq=False)
class Call:
    """An event that waits or runs.

    Attributes:
        event: The event as JSON.
        request_id: Id of the invocation.
        trace: Value of `_X_AMZN_TRACE_ID`.
        parent: Id of the span that caused the call, if spans are collected.
        wants: With `json`, the caller gets the result unchanged. With `http`, it gets status,
            headers and body separately, so that the body is encoded only once.
        on_end: Called once with the result, or with None if the caller's deadline passed first.
        place: The place where it waits.
        over: Whether it has ended, or its caller no longer waits.
    """

    event: bytes
    request_id: str
    trace: str
    wants: str
    on_end: Callable[[Invocation | None], None]
    place: Place = NO_CALLER
    over: bool = False
    parent: str = ""
    started: float = 0.0
    cold: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)
    waits_in: "Waiting | None" = field(default=None, repr=False)

    def header(self, deadline_ms: int) -> bytes:
        """Return the header frame; ids and traces need no escaping in JSON."""
        return (
            f'{{"id":"{self.request_id}","deadline_ms":{deadline_ms},'
            f'"trace":"{self.trace}","wants":"{self.wants}"}}'
        ).encode()

    def end(
        self,
        payload: bytes = b"",
        error: LambdaError | None = None,
        http: ResponseHead | None = None,
    ) -> Invocation:
        """End the call: return the result, and pass it to the caller if it still waits."""
        if self.timer is not None:
            self.timer.cancel()
        seconds = perf_counter() - self.started if self.started else 0.0
        outcome = Invocation(self.request_id, payload, error, http, seconds, self.cold)
        if not self.over:
            self.over = True
            self.on_end(outcome)
        return outcome

    def expire(self) -> None:
        """Notify the caller that its deadline has passed; a running handler continues."""
        if not self.over:
            self.leave()
            self.on_end(None)

    def leave(self) -> None:
        """Drop the call if it still waits, because its caller has gone."""
        self.over = True
        if self.waits_in is not None:
            self.waits_in.discard(self)
            self.waits_in = None
