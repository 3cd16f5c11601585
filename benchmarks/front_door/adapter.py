"""The gateway as an ASGI application, for servers that we did not write.

It does what such an application can do: judge Host headers, limit bodies, wait for the answer. What
a server does before it calls its application (limits of the head, of trailers, of time) is the
server's own.
"""

from __future__ import annotations

import asyncio
from typing import cast

from groundwork_lambda_host.environments.tracing import new_request_id
from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.app import Gateway
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.gateway.hosts import BadHost, Hosts
from groundwork_lambda_host.gateway.limits import MAX_BODY_BYTES
from groundwork_lambda_host.gateway.problems import Problem
from groundwork_lambda_host.gateway.responses import HttpResponse
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]


class Adapter:
    """Serves a gateway's functions and own paths.

    Args:
        gateway: It.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._hosts = Hosts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; sockets and the lifespan are not served."""
        if scope["type"] != "http":
            raise ValueError(scope["type"])
        headers = [(bytes(name), bytes(value)) for name, value in cast("Headers", scope["headers"])]
        path = cast("bytes", scope.get("raw_path") or str(scope["path"]).encode()).decode("latin-1")
        path = path.partition("?")[0]
        problem = self._judged(headers, str(scope["http_version"]))
        if problem is not None:
            return await _send(
                send, self._gateway.refusal(problem, new_request_id(), path, headers)
            )
        if path == "*":
            return await _send(send, HttpResponse(204, [], b""))
        own = self._gateway.own_app(path)
        if own is not None:
            return await own(scope, receive, send)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += cast("bytes", message.get("body") or b"")
            if len(body) > MAX_BODY_BYTES:
                problem = problems.TOO_LARGE
                answer = self._gateway.refusal(problem, new_request_id(), path, headers)
                return await _send(send, answer)
            if not message.get("more_body"):
                break
        client = cast("tuple[str, int] | None", scope.get("client"))
        request = Request(
            str(scope["method"]),
            path,
            cast("bytes", scope["query_string"]),
            headers,
            bytes(body),
            client[0] if client else "",
            str(scope["http_version"]),
        )
        future: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self._gateway.begin(request, self._gateway.find(path), future.set_result)
        return await _send(send, await future)

    def _judged(self, headers: Headers, version: str) -> Problem | None:
        named = [value for name, value in headers if name == b"host"]
        if len(named) > 1 or (not named and version == "1.1"):
            return problems.BAD_HOST
        try:
            return None if all(map(self._hosts.serves, named)) else problems.WRONG_HOST
        except BadHost:
            return problems.BAD_HOST


async def _send(send: Send, answer: HttpResponse) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
