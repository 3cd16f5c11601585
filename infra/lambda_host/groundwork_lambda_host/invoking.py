"""The interface through which sockets, pollers and the clock invoke functions."""

from collections.abc import Mapping
from typing import Protocol

from groundwork_lambda_host.places import NO_CALLER, Place


class InvocationResult(Protocol):
    """Result of an invocation: a payload (JSON) or an error."""

    @property
    def payload(self) -> bytes:
        """The handler's return value as JSON; empty if it failed."""

    @property
    def error(self) -> object | None:
        """The handler's error, or None."""


class Invoker(Protocol):
    """Invokes functions by logical id."""

    async def invoke(
        self,
        function: str,
        event: Mapping[str, object],
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
        trace: str = "",
    ) -> InvocationResult:
        """Invoke the function with `event` and wait for the result.

        `trace` is the trace that it continues, as in X-Ray's header; empty begins one.

        Raises:
            Throttled: All environments are busy and too many events wait.
        """


class Throttled(Exception):
    """Raised if all environments of a function are busy and too many events wait."""
