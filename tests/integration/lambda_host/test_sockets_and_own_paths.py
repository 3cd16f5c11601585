import pytest
from tests.integration.lambda_host.conftest import Function, Serve, ask, connected, read_answer
from websockets.asyncio.client import connect

from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send, body_of, respond_json

pytestmark = pytest.mark.anyio

ECHO = Function("Echo", "echo.handler", "/echo")


class Sockets:
    """Says back what it hears, on sockets and below /@live."""

    async def start(self) -> None: ...

    async def drain(self) -> None: ...

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = await body_of(receive, limit_bytes=100)
            await respond_json(send, 200, {"path": scope["path"], "body": body.decode()})
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{scope['path']} {message['text']}"})


async def test_websockets_share_the_port_with_http(serve: Serve) -> None:
    running = await serve(ECHO)
    running.host.add_sockets(Sockets())

    async with connect(f"ws://127.0.0.1:{running.port}/ws?ticket=1", proxy=None) as socket:
        await socket.send("hello")
        heard = await socket.recv()
        over_http = await ask(running.port, "/echo")

    assert heard == "/ws hello"
    assert over_http.status == 200


async def test_one_connection_serves_the_hosts_own_paths_between_events(serve: Serve) -> None:
    running = await serve(ECHO)
    running.host.add_sockets(Sockets())

    async with connected(running.port) as (reader, writer):
        for path in ("/echo", "/@live/posts", "/echo"):
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi".encode()
            )
            answer = await read_answer(reader)
            assert answer.status == 200


async def test_a_host_without_a_websocket_api_refuses_a_handshake(serve: Serve) -> None:
    running = await serve(ECHO)
    handshake = (
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )

    async with connected(running.port) as (reader, writer):
        writer.write(handshake.encode())
        answer = await read_answer(reader)

    assert answer.status == 403
