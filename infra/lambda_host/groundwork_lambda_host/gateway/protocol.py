"""One HTTP connection: uvicorn's parser and upgrades, without a task for each request.

A request for a function goes to the gateway as soon as it is complete, and its answer is written
in one piece when the environment has it. Only WebSockets and the host's own paths take the way of
ASGI. Times are noted, not timed: one sweep over all connections looks for the slow ones.
"""

import asyncio
import fcntl
import sys
import termios
from collections import deque
from typing import cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from groundwork_lambda_host.environments.invocation import Call
from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.access import AccessLog
from groundwork_lambda_host.gateway.answers import Answer
from groundwork_lambda_host.gateway.app import Gateway
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.pace import Pace
from groundwork_lambda_host.gateway.problems import Problem

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        config: uvicorn's, with the gateway as its application.
        server_state: uvicorn's.
        gateway: Takes the requests for functions.
        limits: What the client may take.
        access: Takes a line for each answer, if wanted.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        gateway: Gateway,
        limits: ServerLimits,
        access: AccessLog | None,
    ) -> None:
        super().__init__(config, server_state, {})
        self._gateway = gateway
        self._limits = limits
        self._access = access
        self._pace = Pace(limits, self.loop.time())
        self._incoming: Incoming | None = None
        self._served: Incoming | None = None
        self._call: Call | None = None
        self._line: deque[Incoming] = deque()
        self._ignoring = False
        self.headers = []
        self.url = b""

    # ── connection ──

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection, or says that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self.refuse(problems.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives up what still waits for an environment; what runs, goes on unheard."""
        if self._call is not None:
            self._call.leave()
        self._line.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses; a request that is complete by it begins at once."""
        if self._ignoring:
            return
        self._pace.heard(len(data), self.loop.time())
        super().data_received(data)
        if self._pace.header_too_long:
            self.refuse(problems.HEADERS_TOO_LARGE)

    def shutdown(self) -> None:
        """The host stops: finishes the request under way or just coming in, then closes."""
        if self._served is not None:
            self._served.keep_alive = False
        elif self._incoming is not None:
            self._incoming.keep_alive = False
        elif not self._pace.reading and not self._pace.fresh and not self._unread_bytes():
            super().shutdown()

    def close_if_silent(self) -> None:
        """Ends a connection that has not begun a request, however short its life was."""
        if self._served is None and self._incoming is None and not self._pace.reading:
            super().shutdown()

    def look_at(self, now: float) -> None:
        """Ends the connection if its client is too slow; called for each about once a second."""
        if self.transport.is_closing():
            return
        busy = self._served is not None or self._cycle_under_way() is not None
        verdict = self._pace.verdict(now, self.transport.get_write_buffer_size(), busy=busy)
        if verdict == "slow":
            self.refuse(problems.TOO_SLOW)
        elif verdict == "idle":
            self.transport.close()
        elif verdict == "deaf":
            self.transport.abort()

    # ── what the parser finds ──

    def on_message_begin(self) -> None:
        """A request begins. uvicorn's scope is made only where it is needed."""
        self._pace.message_begins(self.loop.time())
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Decides which way the request takes."""
        self._pace.headers_done(self.loop.time())
        raw_path, _, query = self.url.partition(b"?")
        if not raw_path.startswith(b"/"):
            parsed = httptools.parse_url(self.url)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        path = raw_path.decode("latin-1")
        match = self._gateway.find(path)
        upgrade = self.parser.should_upgrade() and self._should_upgrade()
        if upgrade or (match is None and self._gateway.own_app(path) is not None):
            self._by_asgi()
            return
        if self._cycle_under_way() is not None:
            self._ignore_the_rest()
            return
        version = self.parser.get_http_version()
        incoming = Incoming(
            self.parser.get_method().decode("ascii"),
            path,
            query,
            self.headers,
            match,
            version,
            version == "1.1" and self.parser.should_keep_alive(),
        )
        self._incoming = incoming
        self._announced(incoming)

    def on_body(self, body: bytes) -> None:
        """A part of the body; beyond the limit it is counted only."""
        incoming = self._incoming
        if incoming is None:
            if not self._ignoring:
                super().on_body(body)
            return
        incoming.length += len(body)
        if incoming.length <= self._limits.body_bytes:
            incoming.parts.append(body)
        elif incoming.length > self._limits.discarded_bytes:
            self.refuse(problems.TOO_LARGE)
        else:
            incoming.parts.clear()

    def on_message_complete(self) -> None:
        """The request is complete: it begins, or gets in line behind the one under way."""
        self._pace.message_done()
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            if not self._ignoring:
                super().on_message_complete()
        elif self._served is None:
            self._begin(incoming)
        else:
            self._line.append(incoming)
            self.transport.pause_reading()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the text is ours
        """What is no HTTP gets a problem, like everything else."""
        self.refuse(problems.BAD_REQUEST)

    # ── requests and answers ──

    def refuse(self, problem: Problem) -> None:
        """Answers without a function, and closes."""
        self._ignore_the_rest()
        if self.transport.is_closing():
            return
        cycle = self._cycle_under_way()
        if self._served is None and (cycle is None or not cycle.response_started):
            # Of a connection too many nothing has been read.
            headers = None if self._pace.fresh else self.headers
            answer = self._gateway.refusal(problem, new_request_id(), "", headers)
            self._write(answer, closes=True)
        self.transport.close()

    def _announced(self, incoming: Incoming) -> None:
        limits = self._limits
        # A client that asks first is told at once; others are heard out, within reason.
        most = limits.body_bytes if self.expect_100_continue else limits.discarded_bytes
        for name, value in self.headers:
            if name == b"x-amzn-trace-id":
                incoming.trace = value.decode("latin-1")
            elif name == b"content-length" and int(value) > most:
                self.refuse(problems.TOO_LARGE)
                return
        if self.expect_100_continue:
            self.transport.write(_CONTINUE)

    def _begin(self, incoming: Incoming) -> None:
        self._served = incoming
        if incoming.length > self._limits.body_bytes:
            self._reply(
                self._gateway.refusal(
                    problems.TOO_LARGE, new_request_id(), incoming.path, incoming.headers
                )
            )
            return
        request = Request(
            incoming.method,
            incoming.path,
            incoming.query,
            incoming.headers,
            b"".join(incoming.parts) if incoming.parts else b"",
            self.client[0] if self.client else "",
            incoming.http_version,
            incoming.trace,
        )
        self._call = self._gateway.begin(request, incoming.match, self._reply)

    def _reply(self, answer: Answer) -> None:
        served, self._served, self._call = self._served, None, None
        if served is None or self.transport.is_closing():
            return
        if self._access is not None:
            self._access.write(served.method, served.path, answer, served.began)
        closes = not served.keep_alive or self._gateway.closing
        self._write(answer, closes=closes)
        self._pace.answered(self.loop.time())
        if closes:
            self._ignore_the_rest()
            self.transport.close()
        elif self._line:
            following = self._line.popleft()
            if not self._line:
                self.transport.resume_reading()
            # Not at once: a long line of answers that need no function would nest as deep.
            self.loop.call_soon(self._begin, following)

    def _write(self, answer: Answer, *, closes: bool) -> None:
        lines = [STATUS_LINE[answer.status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"connection: close\r\n\r\n" if closes else b"\r\n", answer.body)
        self.transport.write(b"".join(lines))

    def _by_asgi(self) -> None:
        if self._served is not None:
            # Behind a request that is under way: pipelines do not mix the two ways.
            self._served.keep_alive = False
            self._ignore_the_rest()
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()
        if self._gateway.closing and self.cycle is not None:
            self.cycle.keep_alive = False

    def _unread_bytes(self) -> int:
        # What the kernel has and we have not: to close now would answer it with a reset.
        connection = self.transport.get_extra_info("socket")
        if connection is None or self.transport.is_closing():
            return 0
        found = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
        return int.from_bytes(found, sys.byteorder)

    def _ignore_the_rest(self) -> None:
        self._ignoring = True
        self._incoming = None
        cycle = self._cycle_under_way()
        if cycle is not None:
            cycle.keep_alive = False

    def _cycle_under_way(self) -> RequestResponseCycle | None:
        # uvicorn declares its cycle as always there, but before the first request it is not.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return None if cycle is None or cycle.response_complete else cycle
