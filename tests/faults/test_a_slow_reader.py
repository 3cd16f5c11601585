"""A WebSocket client that reads nothing costs bounded memory and delays nobody."""

import asyncio
import socket

import httpx2
import pytest
from websockets.asyncio.client import connect

from groundwork_lambda_host.sockets import protocol

from ..fakes.fleet import FakeFleet
from ..integration.lambda_host.sockets.conftest import TOKEN, Running, serving

POST = "x" * 60_000


def deaf_socket(gateway: Running) -> socket.socket:
    """A client that shakes hands and then never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.port))
    client.sendall(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return client


async def post_until_gone(gateway: Running, *, most: int) -> tuple[int, list[str]]:
    """Posts to a deaf and to an attentive client, who hears each; how many, and who is gone."""
    deaf = await asyncio.to_thread(deaf_socket, gateway)
    while not len(gateway.fleet.of("CONNECT")):
        await asyncio.sleep(0.01)
    async with (
        connect(gateway.url, max_size=None) as listening,
        httpx2.AsyncClient(timeout=30) as client,
    ):
        ids = gateway.connection_ids
        for number in range(1, most + 1):
            answer = await client.post(
                gateway.management + "/posts",
                json={"posts": [{"connections": ids, "data": POST}]},
                headers={"X-Groundwork-Host-Token": TOKEN},
            )
            assert await asyncio.wait_for(listening.recv(), 30) == POST
            if answer.json()["gone"]:
                deaf.close()
                return number, answer.json()["gone"]
    deaf.close()
    return most, []


def test_a_slow_reader_is_disconnected_and_delays_no_other_socket() -> None:
    async def run() -> None:
        async with serving(FakeFleet(), buffer_bytes=1_000_000) as gateway:
            number, gone = await post_until_gone(gateway, most=400)
            assert len(gone) == 1
            assert number < 400
            while not gateway.fleet.of("DISCONNECT"):
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_without_the_limit_on_buffered_bytes_a_slow_reader_is_never_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard disabled: what the test above sees is the guard's doing."""
    original = protocol.Channel.write
    monkeypatch.setattr(
        protocol.Channel,
        "write",
        lambda self, frame, *, buffer_bytes: original(self, frame, buffer_bytes=2**40),
    )

    async def run() -> None:
        async with serving(FakeFleet(), buffer_bytes=1_000_000) as gateway:
            number, gone = await post_until_gone(gateway, most=400)
            assert (number, gone) == (400, [])

    asyncio.run(run())
