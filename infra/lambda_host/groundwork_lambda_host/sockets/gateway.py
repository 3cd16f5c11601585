"""The WebSocket gateway: invoke functions for handshakes, messages and disconnects."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast

import orjson

from groundwork_lambda_host.invoking import Invoker, Throttled
from groundwork_lambda_host.places import CALLER_HEADER, Place, address_line
from groundwork_lambda_host.sockets.allowance import Allowance
from groundwork_lambda_host.sockets.asgi import Message, Receive, Scope, Send, headers_of
from groundwork_lambda_host.sockets.connections import Connection, Connections, new_id
from groundwork_lambda_host.sockets.events import (
    Event,
    Peer,
    connect_event,
    disconnect_event,
    message_event,
    route_of,
)
from groundwork_lambda_host.sockets.protocol import EXTENSION, Channel, SocketGone, text_frame
from groundwork_lambda_host.sockets.settings import SocketSettings
from groundwork_lambda_host.template import SocketApi

_log = logging.getLogger(__name__)
_TITLES = {401: "Unauthorized", 403: "Forbidden", 404: "Not found", 429: "Too many requests"}
_REFUSED = 400
_GOING_AWAY = 1001
_NO_STATUS = 1005
_TOO_MANY = 4429
_LIFE = "x-groundwork-life-seconds"
_CALLER = CALLER_HEADER.lower()
MESSAGES = "messages"
"""Lane of messages: replays take long, and handshakes must not wait for them."""
_PROTOCOL = "sec-websocket-protocol"


class SocketGateway:
    """Serves the ASGI scope `websocket`; uvicorn must run it with `ws=SocketProtocol`."""

    def __init__(
        self,
        api: SocketApi,
        invoker: Invoker,
        settings: SocketSettings,
        *,
        clock: Callable[[], float] = time.time,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`count` is called with the number of open sockets whenever it changes."""
        self._api = api
        self._invoker = invoker
        self._settings = settings
        self._clock = clock
        self._count = count
        self._sweeper: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[object]] = set()
        self._draining = False
        self._sockets_of: Counter[str] = Counter()
        self.connections = Connections()

    async def start(self) -> None:
        """Start the search for idle and expired sockets."""
        self._count(0)
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def drain(self, *, within_seconds: float) -> None:
        """Refuse new sockets, close the open ones and wait for their `$disconnect`."""
        self._draining = True
        if self._sweeper:
            self._sweeper.cancel()
        for connection in self.connections:
            connection.close(_GOING_AWAY, "Going away")
        if self._serving:
            await asyncio.wait(self._serving, timeout=within_seconds)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket from its handshake to its `$disconnect`."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._serving.add(task)
        try:
            await receive()  # websocket.connect
            await self._serve(scope, receive, send)
        finally:
            self._serving.discard(task)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != self._settings.path:
            return await _refuse(send, 404)
        if self._draining or len(self._serving) > self._settings.max_sockets:
            return await _refuse(send, 503)
        peer = self._peer(scope)
        response = await self._invoke(
            "$connect",
            connect_event(scope, peer, now=self._clock()),
            Place(address_line(peer.source_ip)),
            missing={"statusCode": 200},
        )
        status = response.get("statusCode", 200)
        if not isinstance(status, int) or status >= _REFUSED:
            return await _refuse(send, status if isinstance(status, int) else 500)
        user = _header(response, _CALLER)
        line = f"user:{user}" if user else address_line(peer.source_ip)
        connection = self._connection(scope, peer, send, _header(response, _LIFE), line)
        protocol = _header(response, _PROTOCOL)
        chosen = [(_PROTOCOL.encode(), protocol.encode("latin-1"))] if protocol else []
        code, reason = _NO_STATUS, ""
        self._sockets_of[line] += 1
        try:
            await send({"type": "websocket.accept", "headers": chosen})
            if user and self._sockets_of[line] > self._settings.sockets_per_user:
                code, reason = _TOO_MANY, "Too many sockets of one user"
                await send({"type": "websocket.close", "code": code, "reason": reason})
            else:
                code, reason = await self._open(connection, peer, receive)
        finally:
            self._sockets_of[line] -= 1
            if not self._sockets_of[line]:
                del self._sockets_of[line]
            with suppress(Exception):
                event = disconnect_event(code, reason, peer, now=self._clock())
                await self._invoke("$disconnect", event, Place(line), missing={})
        return None

    async def _open(self, connection: Connection, peer: Peer, receive: Receive) -> tuple[int, str]:
        """Serve an open socket; return its close code and reason."""
        self.connections.add(connection)
        self._count(len(self.connections))
        try:
            return await self._read_messages(connection, peer, receive)
        finally:
            self.connections.remove(connection)
            self._count(len(self.connections))

    async def _read_messages(
        self, connection: Connection, peer: Peer, receive: Receive
    ) -> tuple[int, str]:
        """Handle messages one by one, delayed if the client sends too many or too fast."""
        loop = asyncio.get_running_loop()
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code")
                return code if isinstance(code, int) else _NO_STATUS, str(message.get("reason", ""))
            connection.active_at = self._clock()
            if connection.channel.unread > self._settings.messages_unread:
                connection.close(_TOO_MANY, "Too many messages")
            if connection.closing is not None or connection.channel.gone:
                continue  # ignore messages of a client that has disconnected
            await asyncio.sleep(connection.allowance.take(loop.time()))
            place = Place(connection.line, connection.id, MESSAGES)
            reply = await self._reply(_data(message), peer, place)
            if reply is not None:
                with suppress(SocketGone):
                    connection.post(text_frame(reply), now=self._clock())

    async def _reply(self, data: str | bytes, peer: Peer, place: Place) -> bytes | None:
        key = route_of(self._api.selection, data)
        if key is None or key.startswith("$") or key not in self._api.routes:
            key = "$default"
        event = message_event(data, key, peer, now=self._clock())
        response = await self._invoke(key, event, place, missing={"statusCode": 403})
        body, status = response.get("body"), response.get("statusCode", 200)
        if isinstance(body, str) and body:
            return body.encode()
        if isinstance(status, int) and status >= _REFUSED:
            context = cast("Event", event["requestContext"])
            return orjson.dumps(
                {
                    "message": _TITLES.get(status, "Internal server error"),
                    "connectionId": peer.connection_id,
                    "requestId": context["requestId"],
                }
            )
        return None

    async def _invoke(self, key: str, event: Event, place: Place, *, missing: Event) -> Event:
        """Return the handler's response, or a status that says why the handler failed."""
        function = self._api.routes.get(key)
        if function is None:
            return missing
        try:
            response = await self._invoker.invoke(
                function,
                event,
                deadline_seconds=self._settings.integration_seconds,
                place=place,
            )
        except Throttled:
            return {"statusCode": 429}
        if response.error is not None:
            return {"statusCode": 500}
        try:
            payload = orjson.loads(response.payload or b"null")
        except orjson.JSONDecodeError:
            return {"statusCode": 500}
        return payload if isinstance(payload, dict) else {}

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._settings.sweep_seconds)
            now = self._clock()
            for connection in self.connections:
                if now > connection.ends_at:
                    connection.close(_GOING_AWAY, "Connection duration exceeded")
                elif now - connection.active_at > self._settings.idle_seconds:
                    connection.close(_GOING_AWAY, "Idle timeout")

    def _peer(self, scope: Scope) -> Peer:
        headers = dict(headers_of(scope))
        client = cast("tuple[str, int] | None", scope.get("client"))
        return Peer(
            connection_id=new_id(self._settings.gateway),
            api_id=self._api.api_id,
            stage=self._api.stage,
            domain=headers.get("host", ""),
            source_ip=client[0] if client else "",
            user_agent=headers.get("user-agent", ""),
            connected_at=self._clock(),
        )

    def _connection(
        self, scope: Scope, peer: Peer, send: Send, life: str | None, line: str
    ) -> Connection:
        extensions = cast("Mapping[str, Mapping[str, object]]", scope.get("extensions") or {})
        channel = extensions.get(EXTENSION, {}).get("channel")
        if not isinstance(channel, Channel):
            raise TypeError("uvicorn must run with ws=SocketProtocol")
        now = self._clock()
        return Connection(
            id=peer.connection_id,
            channel=channel,
            send=send,
            source_ip=peer.source_ip,
            user_agent=peer.user_agent,
            connected_at=peer.connected_at,
            # The handler's limit counts from its response, or the socket would close too early.
            ends_at=min(
                peer.connected_at + self._settings.life_seconds, now + float(life or "inf")
            ),
            active_at=now,
            buffer_bytes=self._settings.buffer_bytes,
            line=line,
            allowance=Allowance(
                self._settings.messages_per_second, self._settings.messages_at_once
            ),
        )


def _data(message: Message) -> str | bytes:
    text = message.get("text")
    return text if isinstance(text, str) else cast("bytes", message.get("bytes") or b"")


def _header(response: Event, wanted: str) -> str | None:
    """Return a header of the handler's response by its name in lower case, or None."""
    headers = response.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if isinstance(value, str) and str(name).lower() == wanted:
            return value
    return None


async def _refuse(send: Send, status: int) -> None:
    title = _TITLES.get(status, "Service unavailable" if status == 503 else "Handshake refused")  # noqa: PLR2004 - HTTP statuses speak for themselves
    body = orjson.dumps({"type": "about:blank", "title": title, "status": status})
    headers = [(b"content-type", b"application/problem+json")]
    if status == 401:  # noqa: PLR2004 - as above
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
