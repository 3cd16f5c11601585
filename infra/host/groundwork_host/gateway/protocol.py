"""uvicorn's HTTP protocol with the limits that a gateway at the edge has to have."""

import asyncio
from dataclasses import dataclass
from typing import cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from groundwork_host.environments.tracing import new_request_id
from groundwork_host.gateway import problems
from groundwork_host.gateway.problems import Problem


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one client may take of the host.

    Attributes:
        header_bytes: Request line and headers.
        header_seconds: From the first byte of a request (or the connection) to its last header.
        body_seconds: Longest silence within a body.
        whole_body_seconds: For the whole body.
        idle_seconds: A kept-alive connection without a request is closed.
        write_seconds: A client that reads nothing of its answer for so long is cut off.
        connections: More are answered with 503.
    """

    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    whole_body_seconds: float = 60.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    connections: int = 10_000


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Reading times are noted, not timed: one sweep over all connections looks for the slow ones
    (`look_at`), so that a request costs no timer.
    """

    def __init__(self, config: Config, server_state: ServerState, limits: ServerLimits) -> None:
        super().__init__(config, server_state, {})
        self.limits = limits
        self._header_bytes = 0
        self._header_since: float | None = self.loop.time()
        self._body_since: float | None = None
        self._heard_at = 0.0
        self._write_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection, or says that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.refuse(problems.TOO_MANY_CONNECTIONS)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of headers and notes the time, then parses."""
        if self._header_since is not None:
            self._header_bytes += len(data)
        elif self._body_since is not None:
            self._heard_at = self.loop.time()
        super().data_received(data)
        # Whatever came after the headers has made this None.
        if self._header_since is not None and self._header_bytes > self.limits.header_bytes:
            self.refuse(problems.HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._header_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._header_since = None
        self._header_bytes = 0
        self._body_since = self._heard_at = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its body is there."""
        self._body_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the text is ours
        """What is no HTTP gets a problem, like everything else."""
        self.refuse(problems.BAD_REQUEST)

    def refuse(self, problem: Problem) -> None:
        """Answers without the application, and closes."""
        if self.transport.is_closing():
            return
        cycle = self._under_way()
        if cycle is None or not cycle.response_started:
            request_id = new_request_id()
            body = problem.body(request_id, "")
            lines = [
                STATUS_LINE[problem.status],
                b"content-type: application/problem+json\r\n",
                b"content-length: %d\r\nconnection: close\r\n" % len(body),
                b"x-request-id: %b\r\n" % request_id.encode(),
                *(b"%b: %b\r\n" % header for header in problem.headers),
                b"\r\n",
                body,
            ]
            self.transport.write(b"".join(lines))
        self.transport.close()

    def _under_way(self) -> RequestResponseCycle | None:
        # uvicorn declares its cycle as always there, but before the first request it is not.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    def look_at(self, now: float) -> None:
        """Ends the connection if its client is too slow; called for each about once a second."""
        limits = self.limits
        if self._header_since is not None and now - self._header_since > limits.header_seconds:
            if self._header_bytes:
                self.refuse(problems.TOO_SLOW)
            else:
                self.transport.close()
        if self._body_since is not None and (
            now - self._heard_at > limits.body_seconds
            or now - self._body_since > limits.whole_body_seconds
        ):
            self.refuse(problems.TOO_SLOW)
        if not self.transport.get_write_buffer_size():
            self._write_since = None
        elif self._write_since is None:
            self._write_since = now
        elif now - self._write_since > limits.write_seconds:
            self.transport.abort()
