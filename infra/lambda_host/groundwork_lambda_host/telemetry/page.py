"""Serve GET and HEAD /metrics; the server omits the body of a HEAD."""

import hmac
from typing import cast

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send

_READS = frozenset({"GET", "HEAD"})
_NOT_ALLOWED = {
    "type": "/problems/method-not-allowed",
    "title": "Method not allowed",
    "status": 405,
    "detail": "Allowed here: GET, HEAD.",
    "instance": "/metrics",
}
_UNAUTHORIZED = {
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
        """Answer one scrape."""
        if scope["method"] not in _READS:
            lines = [(b"content-type", b"application/problem+json"), (b"allow", b"GET, HEAD")]
            return await _answer(send, 405, lines, orjson.dumps(_NOT_ALLOWED))
        headers = dict(cast("list[tuple[bytes, bytes]]", scope["headers"]))
        given = headers.get(b"authorization", b"")
        if self._expected and not hmac.compare_digest(given, self._expected):
            lines = [
                (b"content-type", b"application/problem+json"),
                (b"www-authenticate", b"Bearer"),
            ]
            return await _answer(send, 401, lines, orjson.dumps(_UNAUTHORIZED))
        page = generate_latest(self._registry)
        lines = [(b"content-type", CONTENT_TYPE_PLAIN_1_0_0.encode())]
        return await _answer(send, 200, lines, page)


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
