"""The Lambda handler of an HTTP function: API Gateway event in, proxy response out."""

from __future__ import annotations

import logging
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from groundwork_runtime import logs
from groundwork_runtime.http import problem
from groundwork_runtime.http.cors import CorsPolicy
from groundwork_runtime.http.endpoint import Endpoint
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.request_context import RequestContext
from groundwork_runtime.http.router import GET, HEAD, methods_at, with_head
from groundwork_runtime.wiring import wiring

if TYPE_CHECKING:
    from groundwork_runtime.http.router import LazyRouters, Router
    from groundwork_runtime.wiring import Wiring

log = logging.getLogger(__name__)

SECURITY_HEADERS: Mapping[str, list[str]] = {
    "X-Content-Type-Options": ["nosniff"],
    "Referrer-Policy": ["no-referrer"],
    "X-Frame-Options": ["DENY"],
    "Content-Security-Policy": ["default-src 'none'; frame-ancestors 'none'"],
    "Cache-Control": ["no-store"],
}
"""Headers of every response, unless the handler sets them."""
OUTSIDE_LOCAL: Mapping[str, list[str]] = {
    "Strict-Transport-Security": ["max-age=31536000; includeSubDomains"],
}


CALLER_HEADER = "X-Groundwork-Caller"
"""Response header with the caller's id, for our host only (`Settings.names_caller`)."""


class Application:
    """Serves the operations of a router; handles one event at a time, as Lambda does."""

    def __init__(self, router: Router | LazyRouters, wire: Callable[[], Wiring] = wiring) -> None:
        """`wire` returns the wiring; it is called at the first event."""
        self.router = router
        self._current = RequestContext(wire)
        self._resolvers: dict[Router, APIGatewayRestResolver] = {}
        self._own_paths: dict[str, set[str]] = {}
        """Methods by path, of the paths without parameters."""
        self._headers: dict[str, list[str]] = {}
        self._cors = CorsPolicy(())
        self._names_caller = False

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Return the proxy response to an API Gateway v1 event. Never raises for bad input."""
        outer = event.get("requestContext") or {}
        id_ = str(outer.get("requestId") or context.aws_request_id)
        current = self._current
        request = Request(event, id_)
        current.begin(request)
        with logs.fields(request_id=id_, trace_id=_trace_id(event)):
            if not self._headers:
                self._start()
            origin = request.headers.get("origin")
            if origin and request.method == "OPTIONS" and self._cors.is_preflight(request):
                response = self._plain(204, {})
            else:
                response = self._respond(event, context)
        self.complete(response)
        if request.method == HEAD:
            _remove_body(response)
        headers: dict[str, list[str]] = response["multiValueHeaders"]
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers.update(current.headers)
        headers["X-Request-Id"] = [id_]
        if self._names_caller and current.caller is not None:
            headers[CALLER_HEADER] = [str(current.caller.user_id)]
        if self._cors:
            headers.update(self._cors.headers(request, self._allowed))
        return response

    def complete(self, response: dict[str, Any]) -> None:
        """Change a proxy response before HEAD removes its body. Does nothing here."""

    def _resolver(self, path: str) -> APIGatewayRestResolver:
        """Return Powertools' resolver for the router that serves a path."""
        router = self.router.at(path)
        resolver = self._resolvers.get(router)
        if resolver is None:
            resolver = self._resolvers[router] = APIGatewayRestResolver()
            resolver.exception_handler(Exception)(self._problem)
            for operation in router.operations:
                resolver.route(operation.path, operation.method)(Endpoint(operation, self._current))
                if "<" not in operation.path:
                    self._own_paths.setdefault(operation.path, set()).add(operation.method)
        return resolver

    def _start(self) -> None:
        settings = self._current.wiring.settings
        outside = OUTSIDE_LOCAL if settings.stage != "local" else {}
        self._headers = {**SECURITY_HEADERS, **outside}
        self._cors = CorsPolicy(settings.cors_origins)
        self._names_caller = settings.names_caller

    def _respond(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        request = self._current.request
        try:
            resolver = self._resolver(request.path)
            self._check_method(request)
            # HEAD is GET without the body (RFC 9110 section 9.3.2); no route is registered for it.
            event = {**event, "httpMethod": GET} if request.method == HEAD else event
            return resolver.resolve(dict(event), context)
        except MemoryError:
            raise  # the environment is unusable; Lambda or our host replaces it
        except Exception as error:  # returned as a problem, and logged
            response = problem.problem_response(error, request)
            headers = {"Content-Type": str(response.content_type), **response.headers}
            return self._plain(response.status, headers, response.body)

    def _check_method(self, request: Request) -> None:
        """Raise MethodNotAllowed for `PATCH /entities/bulk`, where `bulk` is not an entity's id."""
        methods = self._own_paths.get(request.path)
        if methods is not None and request.method not in (allowed := with_head(methods)):
            raise problem.MethodNotAllowed(allowed)

    def _plain(
        self, status: int, headers: Mapping[str, str], body: str | bytes | None = None
    ) -> dict[str, Any]:
        return {
            "statusCode": status,
            "body": body,
            "isBase64Encoded": False,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
        }

    def _problem(self, error: Exception) -> Response[Any]:
        request = self._current.request
        if isinstance(error, MemoryError):
            raise error
        if isinstance(error, NotFoundError):
            allowed = self._allowed(request.path)
            if allowed:
                error = problem.MethodNotAllowed(allowed)
        response = problem.problem_response(error, request)
        return Response(response.status, response.content_type, response.body, response.headers)

    def _allowed(self, path: str) -> list[str]:
        return methods_at(self.router.at(path).operations, path)


def _remove_body(response: dict[str, Any]) -> None:
    """Remove the body; keep its length in the Content-Length that a GET would have."""
    body = response["body"]
    if body is None:
        return
    raw = b64decode(body) if response["isBase64Encoded"] else str(body).encode()
    response["multiValueHeaders"]["Content-Length"] = [str(len(raw))]
    response.update(body=None, isBase64Encoded=False)


def _trace_id(event: Mapping[str, Any]) -> str | None:
    """Return the X-Ray trace id, from Lambda's environment variable or the gateway's header."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    if trace is None:
        headers = event.get("headers") or {}
        trace = headers.get("X-Amzn-Trace-Id") or headers.get("x-amzn-trace-id")
    return logs.trace_id(trace or "")
