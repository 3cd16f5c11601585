"""The current request and the wiring, shared by all endpoints of an environment."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.http.request import Request

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.wiring import Wiring


class RequestContext:
    """The current request of an execution environment, and its wiring."""

    def __init__(self, wire: Callable[[], Wiring]) -> None:
        """`wire` returns the wiring; it is called at the first event."""
        self._wire = wire
        self.request: Request
        self.headers: dict[str, list[str]] = {}
        """Headers to add to the response, whatever its status."""
        self.caller: Caller | None = None
        """The caller, after authentication."""

    def begin(self, request: Request) -> None:
        """Set the current request and reset the rest."""
        self.request = request
        self.headers = {}
        self.caller = None

    @cached_property
    def wiring(self) -> Wiring:
        """The wiring of the environment."""
        return self._wire()
