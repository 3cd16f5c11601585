"""What the endpoints of one environment share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.http.request import Request

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.wiring import Wiring


class RequestContext:
    """What the endpoints of an environment share: its parts, and the request being answered."""

    def __init__(self, wire: Callable[[], Wiring]) -> None:
        """Take what makes the environment's parts, at the first event."""
        self._wire = wire
        self.request: Request
        self.headers: dict[str, list[str]] = {}
        """What its answer carries, whatever it is."""
        self.caller: Caller | None = None
        """Who sent it, once that is known."""

    def begin(self, request: Request) -> None:
        """Take the next request."""
        self.request = request
        self.headers = {}
        self.caller = None

    @cached_property
    def wiring(self) -> Wiring:
        """The environment's parts."""
        return self._wire()
