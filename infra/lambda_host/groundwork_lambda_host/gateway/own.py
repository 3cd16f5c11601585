"""Call an ASGI application of the host, and collect its response in one piece."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote

from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.responses import HttpResponse
from groundwork_lambda_host.sockets.asgi import Message, Scope

_log = logging.getLogger(__name__)


class OwnCall:
    """One call of a host application, with a complete request.

    Args:
        incoming: The request; `own` is the application.
        reply: Called once with the response.
    """

    def __init__(self, incoming: Incoming, reply: Callable[[HttpResponse], None]) -> None:
        self._incoming = incoming
        self._reply = reply
        self._given = False
        self._head: Message | None = None
        self._parts: list[bytes] = []
        self._gone = asyncio.Event()

    def leave(self) -> None:
        """Record that the client has disconnected."""
        self._gone.set()

    async def run(self) -> None:
        """Call the application; respond with 500 if it fails."""
        incoming = self._incoming
        assert incoming.own is not None  # noqa: S101 - only such requests come here
        try:
            await incoming.own(self._scope(), self._receive, self._send)
        except Exception:
            _log.exception("The host's own %s failed", incoming.path)
        if not self._gone.is_set():
            self._gone.set()
            self._reply(problems.BROKEN.response(new_request_id(), incoming.path))

    def _scope(self) -> Scope:
        incoming = self._incoming
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": incoming.http_version,
            "method": incoming.method,
            "scheme": "http",
            "path": unquote(incoming.path),
            "raw_path": incoming.path.encode("latin-1"),
            "query_string": incoming.query,
            "root_path": "",
            "headers": incoming.headers,
            "client": (incoming.source_ip, 0),
            "server": None,
        }

    async def _receive(self) -> Message:
        if self._given:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        self._given = True
        return {"type": "http.request", "body": bytes(self._incoming.body), "more_body": False}

    async def _send(self, message: Message) -> None:
        if self._gone.is_set():
            return
        if message["type"] == "http.response.start":
            self._head = message
            return
        self._parts.append(cast("bytes", message.get("body") or b""))
        if message.get("more_body"):
            return
        head = self._head
        assert head is not None  # noqa: S101 - ASGI: the start comes first
        body = b"".join(self._parts)
        headers = list(cast("list[tuple[bytes, bytes]]", head.get("headers") or []))
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(body)))
        self._gone.set()
        self._reply(HttpResponse(cast("int", head["status"]), headers, body))
