"""The gateway's ASGI application: request in, event to its function, answer out.

This is the path of every request, so it makes no task, takes no lock and writes no line.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict, cast

from groundwork_host.environments.invocation import Invocation
from groundwork_host.environments.pool import Pool
from groundwork_host.environments.tracing import new_request_id, trace_or_new
from groundwork_host.gateway import problems
from groundwork_host.gateway.answers import Answer, Malformed, answer_of
from groundwork_host.gateway.bodies import BodyTooLarge, ClientGone, read
from groundwork_host.gateway.events import EventBuilder, Request
from groundwork_host.gateway.problems import Problem
from groundwork_host.gateway.routes import Match, Routes
from groundwork_host.invoking import Throttled
from groundwork_host.live.asgi import Receive, Scope, Send

DEADLINE_SECONDS = 29.0  # API Gateway's own
_CLOSE = (b"connection", b"close")

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class HttpScope(TypedDict):
    """The part of an HTTP scope that the gateway reads."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    http_version: str


class Gateway:
    """Serves a stack's HTTP routes, and beside them the host's own paths.

    Args:
        routes: The stack's.
        pools: The environments, by logical id of the function.
        events: Makes the events.
        own: Applications of the host by path prefix (`/metrics`, `/@live`).

    Attributes:
        answers: How many answers there were, by status.
        sockets: Takes every WebSocket; without it they are refused.
    """

    def __init__(
        self,
        routes: Routes,
        pools: Mapping[str, Pool],
        events: EventBuilder,
        own: Mapping[str, App],
    ) -> None:
        self._routes = routes
        self._pools = pools
        self._events = events
        self._own = own
        self.sockets: App | None = None
        self._closing = False
        self.answers = [0] * 600

    def close_connections(self) -> None:
        """From now on every answer asks its client to go: the host is about to stop."""
        self._closing = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket."""
        if scope["type"] == "websocket":
            if self.sockets is None:
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.sockets(scope, receive, send)
            return
        request = cast("HttpScope", scope)
        path = request["raw_path"].decode("latin-1")
        match = self._routes.find(path)
        own = None if match else self._own_path(path)
        if own is not None:
            await own(scope, receive, send)
            return
        request_id = new_request_id()
        result = await self._answer(request, path, match, receive, request_id)
        if result is None:
            return
        if isinstance(result, Problem):
            self.answers[result.status] += 1
            close = (_CLOSE,) if self._closing or result.closes else ()
            await problems.answer(send, result, request_id, path, *close)
            return
        self.answers[result.status] += 1
        if self._closing:
            result.headers.append(_CLOSE)
        await send(
            {
                "type": "http.response.start",
                "status": result.status,
                "headers": result.headers,
            }
        )
        await send({"type": "http.response.body", "body": result.body})

    async def _answer(
        self,
        request: HttpScope,
        path: str,
        match: Match | None,
        receive: Receive,
        request_id: str,
    ) -> Answer | Problem | None:
        """The answer, or the problem that stands in its way; None if the client has gone."""
        method = request["method"]
        announced, chunked, trace = _framing(request["headers"])
        body = b""
        if announced or chunked:
            found = await _body(receive, announced)
            if not isinstance(found, bytes):
                return found
            body = found
        route = match.route(method) if match else None
        if match is None or route is None:
            return problems.not_allowed(match.allow) if match else problems.NOT_FOUND
        client = request["client"]
        trace = trace_or_new(trace)
        try:
            event = self._events.build(
                Request(
                    method,
                    path,
                    request["query_string"],
                    request["headers"],
                    body,
                    client[0] if client else "",
                    request["http_version"],
                ),
                match,
                request_id,
                trace,
            )
        except ValueError:
            return problems.BAD_REQUEST
        try:
            outcome = await self._pools[route.function].invoke(
                event,
                deadline_seconds=DEADLINE_SECONDS,
                request_id=request_id,
                trace=trace,
                wants="http",
            )
        except (Throttled, TimeoutError) as error:
            return problems.THROTTLED if isinstance(error, Throttled) else problems.TIMED_OUT
        return _translated(outcome, method, request_id)

    def _own_path(self, path: str) -> App | None:
        for prefix, app in self._own.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return app
        return None


async def _body(receive: Receive, announced_bytes: int | None) -> bytes | Problem | None:
    try:
        return await read(receive, announced_bytes)
    except BodyTooLarge as error:
        return problems.TOO_LARGE if error.clean else problems.TOO_LARGE_CLOSE
    except ClientGone:
        return None


def _translated(outcome: Invocation, method: str, request_id: str) -> Answer | Problem:
    if outcome.error is not None:
        timed_out = outcome.error.error_type == "Sandbox.Timedout"
        return problems.TIMED_OUT if timed_out else problems.FAILED
    try:
        return answer_of(outcome, method, request_id)
    except Malformed:
        return problems.FAILED


def _framing(headers: list[tuple[bytes, bytes]]) -> tuple[int | None, bool, str]:
    """Content-Length, whether the body is chunked, and the caller's trace."""
    announced: int | None = None
    chunked = False
    trace = ""
    for name, value in headers:
        if name == b"content-length":
            announced = int(value)
        elif name == b"transfer-encoding":
            chunked = True
        elif name == b"x-amzn-trace-id":
            trace = value.decode("latin-1")
    return announced, chunked, trace
