"""Serve GET and HEAD /metrics; the server omits the body of a HEAD."""

import hmac
from collections.abc import Mapping
from typing import cast

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send

_READS = frozenset({"GET", "HEAD"})
_NOT_ALLOWED: Mapping[str, str | int] = {
    "type": "/problems/method-not-allowed",
    "title": "Method not allowed",
    "status": 405,
    "detail": "Allowed here: GET, HEAD.",
    "instance": "/metrics",
}
_UNAUTHORIZED: Mapping[str, str | int] = {
    "type": "/problems/unauthenticated",
    "title": "Unauthorized",
    "status": 401,
    "detail": "A bearer token is required.",
    "instance": "/metrics",
}


class MetricsPage:
    """Shows a registry in Prometheus' text format.

    Args:
        registry: The registry to show.
        token: Bearer token that is required; empty: none.
    """

    def __init__(self, registry: CollectorRegistry, token: str) -> None:
        self._registry = registry
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Respond to one scrape."""
        if scope["method"] not in _READS:
            return await _refuse(send, _NOT_ALLOWED, (b"allow", b"GET, HEAD"))
        headers = dict(cast("list[tuple[bytes, bytes]]", scope["headers"]))
        given = headers.get(b"authorization", b"")
        if self._expected and not hmac.compare_digest(given, self._expected):
            return await _refuse(send, _UNAUTHORIZED, (b"www-authenticate", b"Bearer"))
        page = generate_latest(self._registry)
        lines = [(b"content-type", CONTENT_TYPE_PLAIN_1_0_0.encode())]
        return await _respond(send, 200, lines, page, new_request_id())


async def _refuse(
    send: Send, problem: Mapping[str, str | int], header: tuple[bytes, bytes]
) -> None:
    request_id = new_request_id()
    lines = [(b"content-type", b"application/problem+json"), header]
    body = orjson.dumps({**problem, "request_id": request_id})
    await _respond(send, int(problem["status"]), lines, body, request_id)


async def _respond(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, request_id: str
) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    headers.append((b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
