"""WebSocket handshakes beside other requests on a connection."""

import asyncio
import base64
import socket
import struct
import time
from collections.abc import Callable

from tests.security.front_door.conftest import ECHO, HostThread
from tests.security.front_door.request_bytes import get, request
from tests.security.front_door.wire import answers, ask, connect, read_to_end

from groundwork_lambda_host.gateway.clients import listed_networks
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send

Start = Callable[..., HostThread]


class Telling:
    """Says of each socket for what it was opened and by whom, then says back what it hears."""

    def __init__(self, wait_seconds: float = 0.0) -> None:
        self.opened: list[str] = []
        self._wait_seconds = wait_seconds

    async def start(self) -> None: ...

    async def drain(self) -> None: ...

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"]
        assert isinstance(client, tuple)
        query = scope["query_string"]
        assert isinstance(query, bytes)
        self.opened.append(f"{scope['path']}?{query.decode()} {client[0]}")
        await receive()
        await asyncio.sleep(self._wait_seconds)
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": self.opened[-1]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"heard {message['text']}"})


def handshake(target: str, *headers: str) -> bytes:
    key = base64.b64encode(b"0123456789abcdef").decode()
    return request(
        f"GET {target} HTTP/1.1",
        "Connection: keep-alive, Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *headers,
    )


def frame(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!BBI", 0x81, 0x80 | len(data), 0) + data  # a mask of zeros


def read(connection: socket.socket, until: bytes) -> bytes:
    found = b""
    while until not in found:
        part = connection.recv(1 << 16)
        assert part, f"closed after {found!r}"
        found += part
    return found


def test_a_handshake_behind_a_get_is_judged_by_itself(start: Start) -> None:
    sockets = Telling()
    running = start(ECHO, add=lambda host: host.add_sockets(sockets))
    for _ in range(20):
        with connect(running.port) as connection:
            connection.sendall(get("/echo/a?ticket=of-the-get") + handshake("/ws?ticket=mine"))
            opened = read(connection, b"/ws?ticket=mine 127.0.0.1")
            connection.sendall(frame("hello"))
            read(connection, b"heard hello")

        head, _, _ = opened.partition(b"HTTP/1.1 101")
        (first,) = answers(head)
        assert first.path == "/echo/a"
    assert set(sockets.opened) == {"/ws?ticket=mine 127.0.0.1"}


def test_frames_in_one_packet_with_the_handshake_are_refused(start: Start) -> None:
    sockets = Telling()
    running = start(ECHO, add=lambda host: host.add_sockets(sockets))
    with connect(running.port) as connection:
        connection.sendall(handshake("/ws") + get("/echo/smuggled"))
        (heard,) = answers(read_to_end(connection))

    assert heard.status == 400
    assert sockets.opened == []


def test_frames_before_the_end_of_the_handshake_close_the_connection(start: Start) -> None:
    sockets = Telling(wait_seconds=1.0)
    running = start(ECHO, add=lambda host: host.add_sockets(sockets))
    with connect(running.port) as connection:
        connection.sendall(handshake("/ws"))
        while not sockets.opened:
            time.sleep(0.01)
        connection.sendall(b"\x00\xff\x00\xff" * 10)
        assert read_to_end(connection) == b""
    assert ask(running.port, "/echo/afterwards").path == "/echo/afterwards"


def test_a_handshake_with_a_strange_header_is_refused_without_a_fault(start: Start) -> None:
    sockets = Telling()
    running = start(ECHO, add=lambda host: host.add_sockets(sockets))
    with connect(running.port) as connection:
        connection.sendall(handshake("/ws", "X-Strange: \xff\xfe", "Sec-WebSocket-Key: twice"))
        (heard,) = answers(read_to_end(connection))
    assert heard.status == 400


def test_a_socket_behind_a_trusted_proxy_is_its_clients(start: Start) -> None:
    trusting = HostSettings(
        port=0, environments=1, finish_seconds=2.0, trusted_proxies=listed_networks("127.0.0.1")
    )
    sockets = Telling()
    running = start(ECHO, settings=trusting, add=lambda host: host.add_sockets(sockets))
    with connect(running.port) as connection:
        connection.sendall(handshake("/ws", "X-Forwarded-For: 6.6.6.6, 203.0.113.7"))
        read(connection, b"203.0.113.7")
    assert sockets.opened == ["/ws? 203.0.113.7"]
