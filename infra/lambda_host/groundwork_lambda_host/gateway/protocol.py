"""One HTTP connection: order of requests, limits and shutdown, without a task per request.

The reader parses requests into a queue. The next one is served when the previous one has been
answered and its response has been sent. A response for a request that is no longer being served is
dropped. There are no timers per connection: one periodic sweep over all connections finds slow
clients.
"""

import asyncio
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import cast

from groundwork_lambda_host.environments.invocation import Call
from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.gateway.head import RequestRefused
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.own import OwnCall
from groundwork_lambda_host.gateway.pace import Pace
from groundwork_lambda_host.gateway.problems import Problem
from groundwork_lambda_host.gateway.reader import Reader
from groundwork_lambda_host.gateway.responses import HttpResponse
from groundwork_lambda_host.gateway.server_context import ServerContext
from groundwork_lambda_host.gateway.wire import hand_over, response_bytes, unread_bytes

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STEPS = 32  # requests started or slices parsed before other connections are served
_UNCOUNTED_BYTES = 16 * 1024  # of each body: small requests are not limited by memory
_LINGER_SECONDS = 2.0


class HttpProtocol(asyncio.Protocol):
    """One connection.

    Args:
        context: The state shared by all connections.
    """

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._gateway = context.gateway
        self._limits = context.limits
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(self, context.limits, context.hosts)
        self._pace = Pace(context.limits, self._loop.time())
        self._peer = ""
        self._address = ""
        self._unparsed: bytes | memoryview = b""
        self._incoming: Incoming | None = None
        self._line: deque[Incoming | Problem] = deque()
        self._served: Incoming | None = None
        self._call: Call | OwnCall | None = None
        self._unread_held = 0
        self._ended = False  # reading has ended
        self._advancing = False
        self._read_paused = False
        self._write_paused = False
        self._lingers_since: float | None = None
        self.transport: asyncio.Transport

    # ── connection ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection, or refuse it if there are too many."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self.transport.set_write_buffer_limits(high=self._limits.unread_bytes)
        peer = transport.get_extra_info("peername")
        self._peer = self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        connections = self._context.state.connections
        connections.add(self)  # type: ignore[arg-type]
        if len(connections) > self._limits.connections:
            self._refuse(problems.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio
        """Cancel calls that wait for an environment; a running call continues without a client."""
        self._context.state.connections.discard(self)
        if self._call is not None:
            self._call.leave()
        self._stop_reading()
        self._forget_unread()
        for request in (self._served, *self._line):
            if isinstance(request, Incoming):
                self._release(request)
        self._served = self._call = None
        self._line.clear()

    def data_received(self, data: bytes) -> None:
        """Parse data; start a request as soon as it is complete."""
        if self._ended:
            return
        self._pace.heard(self._loop.time())
        self._unparsed = b"".join((self._unparsed, data)) if self._unparsed else data
        self._advance()

    def pause_writing(self) -> None:
        """Delay the next request: the client reads its responses too slowly."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Continue: the client has read most of its responses."""
        self._write_paused = False
        self._forget_unread()
        self._advance()

    def shutdown(self) -> None:
        """Finish the current or incoming request, then close: the host stops."""
        if self._lingers_since is not None:
            self.transport.close()
        elif self._served is not None:
            self._served.keep_alive = False
        elif self._incoming is not None:
            self._incoming.keep_alive = False
        elif not self._pace.reading and not self._pace.fresh and not unread_bytes(self.transport):
            self.transport.close()

    def close_if_silent(self) -> None:
        """Close the connection if it has not started a request."""
        if self._served is None and not self._line and not self._pace.reading:
            self.transport.close()

    def check_speed(self, now: float) -> None:
        """End the connection if its client is too slow; called about once a second."""
        if self._pace.reads_too_slowly(now, self.transport.get_write_buffer_size()):
            self.transport.abort()
        elif self._lingers_since is not None:
            if now - self._lingers_since > _LINGER_SECONDS:
                self.transport.close()
        elif not self._ended and not self._read_paused and not self.transport.is_closing():
            verdict = self._pace.verdict(now, busy=self._served is not None)
            if verdict == "slow":
                self._refuse(problems.TOO_SLOW)
            elif verdict == "idle":
                self.transport.close()

    # ── called by the reader ──

    def begins(self) -> None:
        """Record the first byte of a request."""
        self._pace.message_begins(self._loop.time())

    def headed(self, incoming: Incoming) -> None:
        """Route the request, and decide whether to read its body."""
        self._pace.headers_done(self._loop.time())
        incoming.match = self._gateway.find(incoming.path)
        if incoming.match is None:
            incoming.own = self._gateway.own_app(incoming.path)
        incoming.source_ip = self._context.clients.address(self._peer, incoming.headers)
        limits = self._limits
        incoming.most = limits.body_bytes if incoming.own is None else limits.own_body_bytes
        # A client that expects 100-continue is refused at once; from others the body is read first.
        most = incoming.most if incoming.expects else limits.discarded_bytes
        if (incoming.announced or 0) > most:
            raise RequestRefused(problems.TOO_LARGE)
        self._incoming = incoming

    def part(self, incoming: Incoming, part: bytes) -> None:
        """Store a part of the body; beyond the limit only count it."""
        incoming.expects = False
        incoming.length += len(part)
        if incoming.length > self._limits.discarded_bytes:
            raise RequestRefused(problems.TOO_LARGE)
        if incoming.length > incoming.most:
            incoming.refused = problems.TOO_LARGE
            self._release(incoming)
        if incoming.refused is not None:
            return
        more = incoming.length - incoming.held - _UNCOUNTED_BYTES
        if more > 0:
            if not self._context.held.take(incoming.source_ip, more):
                raise RequestRefused(problems.OVERLOADED)
            incoming.held += more
        incoming.body += part

    def complete(self, incoming: Incoming) -> None:
        """Queue the complete request."""
        self._pace.message_done()
        self._incoming = None
        self._line.append(incoming)

    # ── order ──

    def _advance(self) -> None:
        """Start and parse requests; called when data has come or a response has been sent."""
        if self._advancing:
            return
        self._advancing = True
        for _ in range(_STEPS):
            if self._line:
                if self._served is not None or self._write_paused or self.transport.is_closing():
                    break
                self._begin(self._line.popleft())
            elif self._unparsed and not self._ended:
                self._parse()
            else:
                break
        else:
            self._loop.call_soon(self._advance)
        self._advancing = False
        self._offer_to_continue()
        self._pause_or_resume_reading()

    def _parse(self) -> None:
        data, count = self._unparsed, self._reader.slice_bytes
        piece = data if len(data) <= count else memoryview(data)[:count]
        try:
            used = self._reader.feed(piece)
        except RequestRefused as refused:
            self._refuse(refused.problem)
            return
        self._unparsed = memoryview(data)[used:] if used < len(data) else b""
        if self._reader.ended:
            self._ended = True
            websocket = isinstance(last := self._line[-1], Incoming) and last.websocket
            if not websocket:
                self._unparsed = b""

    def _begin(self, incoming: Incoming | Problem) -> None:
        if isinstance(incoming, Problem):
            self._respond_and_linger(incoming)
            return
        self._served = incoming
        self._address = incoming.source_ip
        reply = partial(self._reply, incoming)
        if incoming.refused is not None:
            reply(self._refusal(incoming.refused, incoming))
        elif incoming.websocket:
            self._hand_over(incoming)
        elif incoming.target == b"*":
            allow = (b"allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
            reply(HttpResponse(204, [allow, (b"x-request-id", new_request_id().encode())], b""))
        elif incoming.own is not None:
            call = OwnCall(incoming, reply)
            task = self._loop.create_task(call.run())
            self._context.state.tasks.add(task)
            task.add_done_callback(self._context.state.tasks.discard)
            self._call = call
        else:
            body, incoming.body = bytes(incoming.body), bytearray()
            request = Request(
                incoming.method,
                incoming.path,
                incoming.query,
                incoming.headers,
                body,
                incoming.source_ip,
                incoming.http_version,
                incoming.trace,
                self._peer,
            )
            begun = self._gateway.begin(request, incoming.match, reply)
            if self._served is incoming:
                self._call = begun

    def _reply(self, incoming: Incoming, response: HttpResponse) -> None:
        if self._served is not incoming:
            return
        self._served = self._call = None
        self._release(incoming)
        if self.transport.is_closing():
            return
        if self._context.access is not None:
            self._context.access.write(incoming.method, incoming.path, response, incoming.began)
        size = len(response.body)
        if size > self._limits.unread_bytes:
            if self._context.held.take(incoming.source_ip, size):
                self._unread_held += size
            else:
                response = self._refusal(problems.OVERLOADED, incoming)
                incoming.keep_alive = False
        closes = not incoming.keep_alive or self._gateway.closing
        self._write(response, closes=closes, with_body=incoming.method != "HEAD")
        self._pace.responded(self._loop.time())
        if not self._write_paused:
            self._forget_unread()
        if closes:
            self._stop_reading()
            self._line.clear()
            self.transport.close()
        else:
            self._advance()

    def _write(self, response: HttpResponse, *, closes: bool, with_body: bool = True) -> None:
        headers = (*self._context.state.default_headers, *response.headers)
        body = response.body if with_body else b""
        self.transport.write(response_bytes(response.status, headers, body, closes=closes))

    # ── refusals ──

    def _refuse(self, problem: Problem) -> None:
        """Stop reading; send the problem after the responses to earlier requests."""
        self._stop_reading()
        if problem.status == HTTPStatus.BAD_REQUEST:
            self._gateway.bad_requests += 1
        if self._served is not None or self._line or self._write_paused:
            self._line.append(problem)
        else:
            self._respond_and_linger(problem)

    def _refusal(self, problem: Problem, incoming: Incoming) -> HttpResponse:
        return self._gateway.refusal(problem, new_request_id(), incoming.path, incoming.headers)

    def _respond_and_linger(self, problem: Problem) -> None:
        if self.transport.is_closing():
            return
        # Nothing has been read from a connection beyond the maximum.
        headers = None if self._pace.fresh else self._reader.headers
        self._write(self._gateway.refusal(problem, new_request_id(), "", headers), closes=True)
        if self._pace.fresh:
            self.transport.close()
            return
        # Closing now would reset the connection if the client still sends, and the reset can arrive
        # before the response. Send EOF and give the client time to read and close.
        self._lingers_since = self._loop.time()
        self.transport.write_eof()

    def _stop_reading(self) -> None:
        self._ended = True
        self._unparsed = b""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            self._release(incoming)

    # ── flow ──

    def _offer_to_continue(self) -> None:
        incoming = self._incoming
        if incoming is not None and incoming.expects and self._served is None and not self._line:
            incoming.expects = False
            self.transport.write(_CONTINUE)

    def _pause_or_resume_reading(self) -> None:
        wanted = not self._line and not self._unparsed
        if self.transport.is_closing() or wanted is not self._read_paused:
            return
        self._read_paused = not wanted
        if wanted:
            self._pace.resumed(self._loop.time())
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _release(self, incoming: Incoming) -> None:
        self._context.held.give_back(incoming.source_ip, incoming.held)
        incoming.held = 0
        incoming.body = bytearray()

    def _forget_unread(self) -> None:
        self._context.held.give_back(self._address, self._unread_held)
        self._unread_held = 0

    def _hand_over(self, incoming: Incoming) -> None:
        self._served = None
        if self._unparsed:
            # RFC 6455 section 4.1: a client must not send before the handshake has been answered.
            self._refuse(problems.BAD_REQUEST)
            return
        self._context.state.connections.discard(self)
        if self._read_paused:
            self._read_paused = False
            self.transport.resume_reading()
        hand_over(self.transport, incoming, self._context)
