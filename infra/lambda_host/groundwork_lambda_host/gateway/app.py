"""The gateway: route requests to functions and return their responses.

Every request passes here, so it creates no task, takes no lock and writes no log line: the protocol
submits a request, and the environment's response comes back through a callback.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from groundwork_lambda_host.environments.invocation import Call, Invocation
from groundwork_lambda_host.environments.pool import THROTTLED_ERROR, Pool
from groundwork_lambda_host.environments.tracing import new_request_id, trace_or_new
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.callers import Callers
from groundwork_lambda_host.gateway.cors import Cors, Headers
from groundwork_lambda_host.gateway.events import EventBuilder, Request
from groundwork_lambda_host.gateway.problems import Problem
from groundwork_lambda_host.gateway.responses import HttpResponse, Malformed, response_of
from groundwork_lambda_host.gateway.routes import Match, Routes
from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send
from groundwork_lambda_host.telemetry.spans import Spans
from groundwork_lambda_host.telemetry.stats import Durations

DEADLINE_SECONDS = 29.0  # as API Gateway

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Reply = Callable[[HttpResponse], None]


class Gateway:
    """Serves a stack's HTTP routes and the host's own paths.

    Args:
        routes: The stack's routes.
        pools: The environments, by logical id of the function.
        events: Builds the events.
        own: Applications of the host by path prefix (`/metrics`, `/@live`).
        cors: CORS headers of the host's own responses.
        callers: Determines the place where a request waits.
        spans: Collects a span for each request; None collects none.

    Attributes:
        responses: Number of responses by status.
        durations: Durations of functions' responses, including refusals.
        sockets: Handles WebSockets; None refuses them.
        closing: Set while draining; every response then closes its connection.
        bad_requests: Number of requests that were not valid HTTP.
    """

    def __init__(
        self,
        routes: Routes,
        pools: Mapping[str, Pool],
        events: EventBuilder,
        own: Mapping[str, App],
        cors: Cors,
        callers: Callers,
        spans: Spans | None = None,
    ) -> None:
        self._routes = routes
        self._pools = pools
        self._events = events
        self._own = own
        self._cors = cors
        self._callers = callers
        self._spans = spans
        self.sockets: App | None = None
        self.closing = False
        self.bad_requests = 0
        self.responses = [0] * 600
        self.durations = Durations()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket (ASGI)."""
        if self.sockets is not None:
            await self.sockets(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    def own_app(self, path: str) -> App | None:
        """Return the host's own application for a path, or None."""
        for prefix, app in self._own.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return app
        return None

    def find(self, path: str) -> Match | None:
        """Return the stack's routes for a raw path, or None."""
        return self._routes.find(path)

    def refusal(
        self, problem: Problem, request_id: str, path: str, headers: Headers | None
    ) -> HttpResponse:
        """Count and return the response of a refused request; `headers` as in `Cors.of`."""
        self.responses[problem.status] += 1
        return problem.response(request_id, path, self._cors.of(headers))

    def begin(self, request: Request, match: Match | None, reply: Reply) -> Call | None:
        """Submit a request to its function; call `reply` once with the response, now or later.

        Return the running call, so that it can be cancelled if the client disconnects.
        """
        request_id, began = new_request_id(), perf_counter()
        place = self._callers.place(request)
        # Not the request, which would keep its body in memory until the response.
        method, path, headers = request.method, request.path, request.headers

        def refuse(problem: Problem) -> None:
            self.durations.count(perf_counter() - began)
            reply(self.refusal(problem, request_id, path, headers))

        def ended(outcome: Invocation | None) -> None:
            result = _result(outcome, method, request_id)
            if outcome is not None and outcome.http is not None:
                self._callers.learn(place, outcome.http)
            if isinstance(result, Problem):
                refuse(result)
            else:
                self._count(result.status, began)
                reply(result)
            span_ended(result.status)

        def span_ended(status: int) -> None:
            if self._spans is not None and match is not None:
                seconds = perf_counter() - began
                tags = _tags(method, path, status, request_id)
                name = f"{method} {match.resource}"
                self._spans.end(
                    trace, parent, service="gateway", name=name, seconds=seconds, tags=tags
                )

        route = match.route(method) if match else None
        if match is None or route is None:
            refuse(problems.not_allowed(match.allow) if match else problems.NOT_FOUND)
            return None
        if self._spans is None:
            trace, parent = trace_or_new(request.trace), ""
        else:
            trace, parent = self._spans.begin(request.trace)
        try:
            event = self._events.build(request, match, request_id, trace)
        except ValueError:
            refuse(problems.BAD_REQUEST)
            return None
        call = Call(event, request_id, trace, "http", ended, place)
        try:
            self._pools[route.function].submit(call, DEADLINE_SECONDS)
        except Throttled:
            refuse(problems.THROTTLED)
            span_ended(problems.THROTTLED.status)
            return None
        return call

    def _count(self, status: int, began: float) -> None:
        self.responses[status] += 1
        self.durations.count(perf_counter() - began)


def _tags(method: str, path: str, status: int, request_id: str) -> dict[str, str]:
    """Return the tags of a request's span; a query string may hold tickets and searches."""
    tags = {
        "http.method": method,
        "http.path": path,
        "http.status_code": str(status),
        "request_id": request_id,
    }
    return tags | ({"error": str(status)} if status >= 500 else {})  # noqa: PLR2004 - HTTP statuses speak for themselves


def _result(outcome: Invocation | None, method: str, request_id: str) -> HttpResponse | Problem:
    if outcome is None:
        return problems.TIMED_OUT
    if outcome.error is THROTTLED_ERROR:
        return problems.THROTTLED
    if outcome.error is not None:
        timed_out = outcome.error.error_type == "Sandbox.Timedout"
        return problems.TIMED_OUT if timed_out else problems.FAILED
    try:
        return response_of(outcome, method, request_id)
    except Malformed:
        return problems.FAILED
