"""One HTTP connection: its order, its limits and its end, without a task for each request.

The reader finds requests. They wait in a line, and the first of it is served when the one before
has been answered and its answer has left. An answer belongs to the request that it was made for:
one that comes when another is served is dropped. Times are noted, not timed: one sweep over all
connections looks for the slow ones.
"""

import asyncio
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import cast

from groundwork_lambda_host.environments.invocation import Call
from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.answers import HttpResponse
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.gateway.head import RequestRefused
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.own import OwnCall
from groundwork_lambda_host.gateway.pace import Pace
from groundwork_lambda_host.gateway.problems import Problem
from groundwork_lambda_host.gateway.reader import Reader
from groundwork_lambda_host.gateway.server_context import ServerContext
from groundwork_lambda_host.gateway.wire import answer_bytes, hand_over, unread_bytes

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STEPS = 32  # requests begun or slices parsed, before other connections have their turn
_UNCOUNTED_BYTES = 16 * 1024  # of each body: a small request never waits for memory
_LINGER_SECONDS = 2.0


class HttpProtocol(asyncio.Protocol):
    """One connection.

    Args:
        door: What it shares with others.
    """

    def __init__(self, door: ServerContext) -> None:
        self._door = door
        self._gateway = door.gateway
        self._limits = door.limits
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(self, door.limits, door.hosts)
        self._pace = Pace(door.limits, self._loop.time())
        self._peer = ""
        self._address = ""
        self._unparsed: bytes | memoryview = b""
        self._incoming: Incoming | None = None
        self._line: deque[Incoming | Problem] = deque()
        self._served: Incoming | None = None
        self._call: Call | OwnCall | None = None
        self._unread_held = 0
        self._ended = False  # nothing more is read
        self._going_on = False
        self._read_paused = False
        self._write_paused = False
        self._lingers_since: float | None = None
        self.transport: asyncio.Transport

    # ── connection ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection, or says that there are too many."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self.transport.set_write_buffer_limits(high=self._limits.unread_bytes)
        peer = transport.get_extra_info("peername")
        self._peer = self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        connections = self._door.state.connections
        connections.add(self)  # type: ignore[arg-type]
        if len(connections) > self._limits.connections:
            self._refuse(problems.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio
        """Gives up what still waits for an environment; what runs, goes on unheard."""
        self._door.state.connections.discard(self)
        if self._call is not None:
            self._call.leave()
        self._stop_reading()
        self._forget_unread()
        for one in (self._served, *self._line):
            if isinstance(one, Incoming):
                self._release(one)
        self._served = self._call = None
        self._line.clear()

    def data_received(self, data: bytes) -> None:
        """Parses; a request that is complete by it begins at once."""
        if self._ended:
            return
        self._pace.heard(self._loop.time())
        self._unparsed = b"".join((self._unparsed, data)) if self._unparsed else data
        self._go_on()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered: its next request waits."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """What it has not read is little again."""
        self._write_paused = False
        self._forget_unread()
        self._go_on()

    def shutdown(self) -> None:
        """The host stops: finishes the request under way or just coming in, then closes."""
        if self._lingers_since is not None:
            self.transport.close()
        elif self._served is not None:
            self._served.keep_alive = False
        elif self._incoming is not None:
            self._incoming.keep_alive = False
        elif not self._pace.reading and not self._pace.fresh and not unread_bytes(self.transport):
            self.transport.close()

    def close_if_silent(self) -> None:
        """Ends a connection that has not begun a request, however short its life was."""
        if self._served is None and not self._line and not self._pace.reading:
            self.transport.close()

    def look_at(self, now: float) -> None:
        """Ends the connection if its client is too slow; called for each about once a second."""
        if self._pace.deaf(now, self.transport.get_write_buffer_size()):
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

    # ── what the reader finds ──

    def begins(self) -> None:
        """The first byte of a request."""
        self._pace.message_begins(self._loop.time())

    def headed(self, incoming: Incoming) -> None:
        """Decides which way the request takes, and whether its body may come."""
        self._pace.headers_done(self._loop.time())
        incoming.match = self._gateway.find(incoming.path)
        if incoming.match is None:
            incoming.own = self._gateway.own_app(incoming.path)
        incoming.source_ip = self._door.clients.address(self._peer, incoming.headers)
        limits = self._limits
        incoming.most = limits.body_bytes if incoming.own is None else limits.own_body_bytes
        # A client that asks first is told at once; others are heard out, within reason.
        most = incoming.most if incoming.expects else limits.discarded_bytes
        if (incoming.announced or 0) > most:
            raise RequestRefused(problems.TOO_LARGE)
        self._incoming = incoming

    def part(self, incoming: Incoming, part: bytes) -> None:
        """A part of the body; beyond the limit it is counted only."""
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
            if not self._door.held.take(incoming.source_ip, more):
                raise RequestRefused(problems.OVERLOADED)
            incoming.held += more
        incoming.body += part

    def complete(self, incoming: Incoming) -> None:
        """The request gets in line."""
        self._pace.message_done()
        self._incoming = None
        self._line.append(incoming)

    # ── order ──

    def _go_on(self) -> None:
        """Begins and parses what it may. Called when data came, or an answer has left."""
        if self._going_on:
            return
        self._going_on = True
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
            self._loop.call_soon(self._go_on)
        self._going_on = False
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
            self._answer_and_linger(incoming)
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
            self._door.state.tasks.add(task)
            task.add_done_callback(self._door.state.tasks.discard)
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

    def _reply(self, incoming: Incoming, answer: HttpResponse) -> None:
        if self._served is not incoming:
            return
        self._served = self._call = None
        self._release(incoming)
        if self.transport.is_closing():
            return
        if self._door.access is not None:
            self._door.access.write(incoming.method, incoming.path, answer, incoming.began)
        size = len(answer.body)
        if size > self._limits.unread_bytes:
            if self._door.held.take(incoming.source_ip, size):
                self._unread_held += size
            else:
                answer = self._refusal(problems.OVERLOADED, incoming)
                incoming.keep_alive = False
        closes = not incoming.keep_alive or self._gateway.closing
        self._write(answer, closes=closes, with_body=incoming.method != "HEAD")
        self._pace.answered(self._loop.time())
        if not self._write_paused:
            self._forget_unread()
        if closes:
            self._stop_reading()
            self._line.clear()
            self.transport.close()
        else:
            self._go_on()

    def _write(self, answer: HttpResponse, *, closes: bool, with_body: bool = True) -> None:
        headers = (*self._door.state.default_headers, *answer.headers)
        body = answer.body if with_body else b""
        self.transport.write(answer_bytes(answer.status, headers, body, closes=closes))

    # ── refusals ──

    def _refuse(self, problem: Problem) -> None:
        """Reads no more, and answers so when the requests before it have been answered."""
        self._stop_reading()
        if problem.status == HTTPStatus.BAD_REQUEST:
            self._gateway.bad_requests += 1
        if self._served is not None or self._line or self._write_paused:
            self._line.append(problem)
        else:
            self._answer_and_linger(problem)

    def _refusal(self, problem: Problem, incoming: Incoming) -> HttpResponse:
        return self._gateway.refusal(problem, new_request_id(), incoming.path, incoming.headers)

    def _answer_and_linger(self, problem: Problem) -> None:
        if self.transport.is_closing():
            return
        # Of a connection too many nothing has been read.
        headers = None if self._pace.fresh else self._reader.headers
        self._write(self._gateway.refusal(problem, new_request_id(), "", headers), closes=True)
        if self._pace.fresh:
            self.transport.close()
            return
        # Closing now would answer what the client still sends with a reset, which can overtake
        # the answer. It hears that nothing more comes, and has a moment to read and to close.
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
        self._door.held.give_back(incoming.source_ip, incoming.held)
        incoming.held = 0
        incoming.body = bytearray()

    def _forget_unread(self) -> None:
        self._door.held.give_back(self._address, self._unread_held)
        self._unread_held = 0

    def _hand_over(self, incoming: Incoming) -> None:
        self._served = None
        if self._unparsed:
            # RFC 6455 section 4.1: nothing is sent before the handshake has been answered.
            self._refuse(problems.BAD_REQUEST)
            return
        self._door.state.connections.discard(self)
        if self._read_paused:
            self._read_paused = False
            self.transport.resume_reading()
        hand_over(self.transport, incoming, self._door)
