"""A request that is being received."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from groundwork_lambda_host.gateway.problems import Problem
from groundwork_lambda_host.gateway.routes import Match

if TYPE_CHECKING:
    from groundwork_lambda_host.gateway.app import App


@dataclass(slots=True, eq=False)
class Incoming:
    """A request whose headers have been received; its body follows in parts.

    Attributes:
        target: The request target as received, without the authority of an absolute one.
        keep_alive: Whether another request may follow on the connection.
        websocket: Whether it asks for a WebSocket.
        expects: Whether the client waits for `100 Continue` before it sends the body.
        announced: The Content-Length, if any.
        chunked: Whether the body comes in chunks.
        match: The stack's routes for the path.
        own: The host's application for the path, if no route matches.
        source_ip: The client's address, as reported by trusted proxies.
        most: Maximum size of the body in bytes.
        length: Received bytes of the body, including discarded ones.
        refused: The response, if the request is refused without a function.
    """

    method: str
    target: bytes
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    http_version: str
    keep_alive: bool
    websocket: bool = False
    expects: bool = False
    trace: str = ""
    announced: int | None = None
    chunked: bool = False
    match: Match | None = None
    own: "App | None" = None
    source_ip: str = ""
    most: int = 0
    began: float = field(default_factory=perf_counter)
    body: bytearray = field(default_factory=bytearray)
    length: int = 0
    held: int = 0
    refused: Problem | None = None

    @property
    def has_body(self) -> bool:
        """True if a body follows the headers."""
        return self.chunked or bool(self.announced)
