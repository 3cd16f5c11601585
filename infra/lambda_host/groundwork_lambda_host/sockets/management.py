"""The `@connections` management API, and a batch call.

Only the stack's own handlers may call it: a request carries the host's token in a header or, from
boto3's client, as the access key id of its signature.
"""

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote

import orjson

from groundwork_lambda_host.sockets.asgi import (
    Receive,
    Scope,
    Send,
    TooLarge,
    body_of,
    headers_of,
    respond_json,
)
from groundwork_lambda_host.sockets.connections import Connection, Connections, gateway_of
from groundwork_lambda_host.sockets.discovery import peer_url
from groundwork_lambda_host.sockets.peers import PORT_HEADER, Peers, PeerUnreachable
from groundwork_lambda_host.sockets.protocol import MAX_MESSAGE_BYTES, SocketGone, text_frame
from groundwork_lambda_host.sockets.settings import SocketSettings

TOKEN_HEADER = "x-groundwork-host-token"  # noqa: S105 - the name of a header
FORWARDED_HEADER = "x-groundwork-forwarded"
PREFIX = "/@live"
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_SIGNATURE = re.compile(r"^AWS4-HMAC-SHA256 Credential=([^/,\s]+)/")
_AWS_ERRORS = {403: "ForbiddenException", 410: "GoneException", 413: "PayloadTooLargeException"}


class Management:
    """Serves the ASGI scope `http` for every path under `/@live`."""

    def __init__(
        self,
        connections: Connections,
        peers: Peers,
        settings: SocketSettings,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._peers = peers
        self._settings = settings
        self._clock = clock

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request."""
        headers = dict(headers_of(scope))
        method, path = str(scope["method"]), str(scope["path"]).removeprefix(PREFIX)
        if not self._trusted(headers):
            return await _fail(send, 403)
        try:
            if path == "/gateway" and method == "GET":
                return await self._greeted(scope, headers, send)
            if path == "/posts" and method == "POST":
                body = await body_of(receive, limit_bytes=_MAX_BATCH_BYTES)
                return await self._post_batch(body, headers, send)
            if path.startswith("/@connections/"):
                body = await body_of(receive, limit_bytes=MAX_MESSAGE_BYTES)
                connection_id = path.removeprefix("/@connections/")
                return await self._respond_for_one(method, connection_id, body, headers, send)
        except TooLarge:
            return await _fail(send, 413)
        return await _fail(send, 404)

    def _trusted(self, headers: dict[str, str]) -> bool:
        given = headers.get(TOKEN_HEADER)
        if given is None:
            signed = _SIGNATURE.match(headers.get("authorization", ""))
            given = signed.group(1) if signed else ""
        expected = self._settings.token
        return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())

    async def _greeted(self, scope: Scope, headers: dict[str, str], send: Send) -> None:
        """Respond to a greeting with our name, and remember the gateway that sent it."""
        name, port = headers.get(FORWARDED_HEADER, ""), headers.get(PORT_HEADER, "")
        client = cast("tuple[str, int] | None", scope.get("client"))
        if name and name != self._settings.gateway and port.isdecimal() and client:
            self._peers.learn(name, peer_url(client[0], int(port)))
        await respond_json(send, 200, {"gateway": self._settings.gateway})

    async def _respond_for_one(
        self, method: str, connection_id: str, body: bytes, headers: dict[str, str], send: Send
    ) -> None:
        connection = self._connections.get(connection_id)
        if connection is None:
            await self._forward(method, connection_id, body, headers, send)
        elif method == "POST":
            try:
                connection.post(text_frame(body), now=self._clock())
            except SocketGone:
                await _fail(send, 410)
            else:
                await respond_json(send, 200)
        elif method in {"GET", "HEAD"}:
            await respond_json(send, 200, _described(connection))
        elif method == "DELETE":
            connection.close(1000, "Connection closed by the server")
            await respond_json(send, 204)
        else:
            await _fail(send, 405)

    async def _forward(
        self, method: str, connection_id: str, body: bytes, headers: dict[str, str], send: Send
    ) -> None:
        gateway = self._elsewhere(connection_id, headers)
        if gateway is None:
            return await _fail(send, 410)
        path = f"/@connections/{quote(connection_id)}"
        try:
            status, response = await self._peers.send(gateway, method, path, body)
        except PeerUnreachable:
            return await _fail(send, 504)
        if status in _AWS_ERRORS:
            return await _fail(send, status)
        return await respond_json(send, status, orjson.loads(response) if response else None)

    async def _post_batch(self, body: bytes, headers: dict[str, str], send: Send) -> None:
        """Send `{"posts": [{"connections": [id], "data": text}]}`; return gone and unreachable ids.

        Gone sockets no longer exist. Unreachable ones belong to a gateway that did not respond;
        their state is unknown.
        """
        posts = _posts(body)
        if posts is None:
            return await _fail(send, 400)
        gone: set[str] = set()
        elsewhere: dict[str, list[tuple[list[str], str]]] = {}
        now = self._clock()
        for ids, data in posts:
            frame = text_frame(data.encode())
            others: dict[str, list[str]] = {}
            for connection_id in ids:
                connection = self._connections.get(connection_id)
                if connection is not None:
                    try:
                        connection.post(frame, now=now)
                    except SocketGone:
                        gone.add(connection_id)
                elif gateway := self._elsewhere(connection_id, headers):
                    others.setdefault(gateway, []).append(connection_id)
                else:
                    gone.add(connection_id)
            for gateway, theirs in others.items():
                elsewhere.setdefault(gateway, []).append((theirs, data))
        unreachable: set[str] = set()
        for response in await self._peers.send_batches(elsewhere):
            gone |= response.gone
            unreachable |= response.unreachable
        return await respond_json(
            send, 200, {"gone": sorted(gone), "unreachable": sorted(unreachable)}
        )

    def _elsewhere(self, connection_id: str, headers: dict[str, str]) -> str | None:
        """Return the other gateway that holds this socket; None for a forwarded request."""
        gateway = gateway_of(connection_id)
        if gateway == self._settings.gateway or FORWARDED_HEADER in headers:
            return None
        return gateway if self._peers.knows(gateway) else None


def _posts(body: bytes) -> list[tuple[list[str], str]] | None:
    try:
        posts = orjson.loads(body)["posts"]
        found = [(post["connections"], post["data"]) for post in posts]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    for ids, data in found:
        if not isinstance(data, str) or not isinstance(ids, list):
            return None
        if not all(isinstance(each, str) for each in ids):
            return None
    return found


def _described(connection: Connection) -> dict[str, object]:
    return {
        "connectedAt": _iso(connection.connected_at),
        "lastActiveAt": _iso(connection.active_at),
        "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


async def _fail(send: Send, status: int) -> None:
    error = _AWS_ERRORS.get(status, "BadRequestException")
    await respond_json(
        send,
        status,
        {"message": error.removesuffix("Exception")},
        headers=[("x-amzn-errortype", error)],
    )
