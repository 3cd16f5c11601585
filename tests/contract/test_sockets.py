"""Posting to sockets: in memory, by our host's batch call, and by API Gateway's single calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from groundwork_core.errors import Unavailable
from groundwork_core.realtime.ports import Post, Sockets
from groundwork_data.aws.clients import websocket_management
from groundwork_data.aws.sockets import ApiGatewaySockets, HostSockets

from ..fakes.fleet import FakeFleet
from ..fakes.sockets import MemorySockets
from ..integration.lambda_host.sockets.conftest import TOKEN, serving


@dataclass
class Subject:
    """Three open sockets, and what their owners got so far."""

    sockets: Sockets
    ids: list[str]
    got: Callable[[int, int], Awaitable[list[str]]]
    """(which socket, how many frames) -> the frames."""
    is_closed: Callable[[int], Awaitable[bool]]


@asynccontextmanager
async def subject_of(kind: str) -> AsyncIterator[Subject]:
    if kind == "memory":
        memory = MemorySockets("a", "b", "c")
        ids = ["a", "b", "c"]

        async def got(which: int, _: int) -> list[str]:
            return memory.got[ids[which]]

        async def is_closed(which: int) -> bool:
            return ids[which] not in memory.got

        yield Subject(memory, ids, got, is_closed)
        return
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(serving(FakeFleet()))
        clients: list[ClientConnection] = [
            await stack.enter_async_context(connect(gateway.url)) for _ in range(3)
        ]
        host = HostSockets(gateway.management + "/posts", gateway.management, TOKEN)
        stack.callback(host.hang_up)
        sockets: Sockets = (
            host
            if kind == "host"
            else ApiGatewaySockets(lambda: websocket_management("eu-west-1", gateway.management))
        )

        async def received(which: int, count: int) -> list[str]:
            async with asyncio.timeout(10):
                return [str(await clients[which].recv()) for _ in range(count)]

        async def closed(which: int) -> bool:
            try:
                async with asyncio.timeout(10):
                    await clients[which].recv()
            except ConnectionClosed:
                return True
            return False

        yield Subject(sockets, gateway.connection_ids, received, closed)


@pytest.fixture(params=["memory", "host", "api-gateway"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    # The host takes its token as the key of a signature.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", TOKEN)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return str(request.param)


def test_each_socket_gets_its_frames_in_order(kind: str) -> None:
    async def run() -> None:
        async with subject_of(kind) as subject:
            one, two, three = subject.ids
            posts = [Post((one, two), f"é{number}") for number in range(30)]
            posts.append(Post((three,), "only"))

            gone = await asyncio.to_thread(subject.sockets.post, posts)

            assert gone == frozenset()
            assert await subject.got(0, 30) == [f"é{number}" for number in range(30)]
            assert await subject.got(1, 30) == [f"é{number}" for number in range(30)]
            assert await subject.got(2, 1) == ["only"]

    asyncio.run(run())


def test_sockets_that_are_gone_are_named_and_others_get_theirs(kind: str) -> None:
    async def run() -> None:
        async with subject_of(kind) as subject:
            posts = [Post(("one~never-there", subject.ids[0]), "frame")]

            gone = await asyncio.to_thread(subject.sockets.post, posts)

            assert gone == frozenset({"one~never-there"})
            assert await subject.got(0, 1) == ["frame"]

    asyncio.run(run())


def test_closing_a_closed_socket_is_not_an_error(kind: str) -> None:
    async def run() -> None:
        async with subject_of(kind) as subject:
            await asyncio.to_thread(subject.sockets.close, [subject.ids[0], "one~never-there"])

            assert await subject.is_closed(0)
            gone = await asyncio.to_thread(
                subject.sockets.post, [Post((subject.ids[0], subject.ids[1]), "frame")]
            )
            assert gone == frozenset({subject.ids[0]})

    asyncio.run(run())


def test_posting_no_messages_is_not_an_error(kind: str) -> None:
    async def run() -> None:
        async with subject_of(kind) as subject:
            assert await asyncio.to_thread(subject.sockets.post, []) == frozenset()

    asyncio.run(run())


@pytest.mark.parametrize("token", ["", "wrong"])
def test_the_host_accepts_posts_only_from_its_own_handlers(token: str) -> None:
    async def run() -> None:
        async with serving(FakeFleet()) as gateway:
            outside = HostSockets(gateway.management + "/posts", gateway.management, token)
            with pytest.raises(Unavailable):
                await asyncio.to_thread(outside.post, [Post(("one~x",), "frame")])
            outside.hang_up()

    asyncio.run(run())


def test_an_unreachable_holder_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    nowhere = "http://127.0.0.1:9/@live"
    for sockets in (
        HostSockets(nowhere + "/posts", nowhere, "token"),
        ApiGatewaySockets(lambda: websocket_management("eu-west-1", nowhere)),
    ):
        with pytest.raises(Unavailable):
            sockets.post([Post(("x",), "frame")])
        with pytest.raises(Unavailable):
            sockets.close(["x"])
