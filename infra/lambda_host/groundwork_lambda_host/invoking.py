"""What the live gateway, the pollers and the clock need from the environments: one call."""

from collections.abc import Mapping
from typing import Protocol

from groundwork_lambda_host.places import NO_CALLER, Place


class InvocationResult(Protocol):
    """How one invocation ended: a payload (JSON), or an error."""

    @property
    def payload(self) -> bytes:
        """What the handler returned, as JSON; empty when it failed."""

    @property
    def error(self) -> object | None:
        """What the handler raised, or None."""


class Invoker(Protocol):
    """The fleet of environments."""

    async def invoke(
        self,
        function: str,
        event: Mapping[str, object],
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
    ) -> InvocationResult:
        """Hand `event` to the function of that logical id and wait for its end.

        Raises:
            Throttled: All environments are busy and the wait line is full.
        """


class Throttled(Exception):
    """Every environment of the function is busy and its wait line is full."""
