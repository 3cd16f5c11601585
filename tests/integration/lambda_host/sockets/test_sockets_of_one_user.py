"""Limits of one user's sockets: their number, their messages, and their line."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from groundwork_lambda_host.places import Place

from ....fakes.fleet import FakeFleet
from .conftest import Running, Serve


def realtime(event: Mapping[str, Any]) -> object:
    """Lets everybody in; the ticket says who it is. Answers messages with themselves."""
    if event["requestContext"]["eventType"] == "CONNECT":
        ticket = (event.get("queryStringParameters") or {}).get("ticket")
        return {"statusCode": 200, "headers": {"X-Groundwork-Caller": ticket} if ticket else {}}
    return {"statusCode": 200, "body": event.get("body")}


async def told_to_go(gateway: Running, user: str) -> int | None:
    """The code with which a new socket of a user is closed; None: it stays, and closes itself."""
    async with connect(f"{gateway.url}?ticket={user}") as client:
        try:
            await client.send("hello")
            await client.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        return None


def test_a_user_has_a_limited_number_of_sockets(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(realtime), sockets_per_user=3) as gateway:
            held = [await connect(f"{gateway.url}?ticket=ada") for _ in range(3)]
            assert await told_to_go(gateway, "ada") == 4429
            assert await told_to_go(gateway, "bob") is None
            await held.pop().close()
            while len(gateway.fleet.of("DISCONNECT")) < 3:  # the refused one's, Bob's, and this
                await asyncio.sleep(0.01)
            assert await told_to_go(gateway, "ada") is None
            for client in held:
                await client.close()

    asyncio.run(run())


def test_the_function_forgets_a_socket_that_exceeds_the_limit(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(realtime), sockets_per_user=0) as gateway:
            assert await told_to_go(gateway, "ada") == 4429
            while not gateway.fleet.of("DISCONNECT"):
                await asyncio.sleep(0.01)
            context: Any = gateway.fleet.of("DISCONNECT")[0]["requestContext"]
            assert context["connectionId"] == gateway.connection_ids[0]
            assert context["disconnectStatusCode"] == 4429
            assert len(gateway.live._gateway._sockets_of) == 0

    asyncio.run(run())


def test_sockets_without_a_known_user_are_not_counted(serve: Serve) -> None:
    """An address may be that of many users."""

    async def run() -> None:
        async with serve(FakeFleet(realtime), sockets_per_user=1) as gateway:
            held = [await connect(gateway.url) for _ in range(3)]
            await held[2].send("hello")
            assert await held[2].recv() == "hello"
            for client in held:
                await client.close()

    asyncio.run(run())


@pytest.mark.parametrize(("at_once", "least_seconds"), [(2, 0.8), (1000, 0.0)])
def test_a_socket_that_sends_too_fast_is_read_more_slowly(
    serve: Serve, at_once: int, least_seconds: float
) -> None:
    """Never faster than the pace; how much slower is the machine's affair."""

    async def run() -> None:
        fleet = FakeFleet(realtime)
        async with (
            serve(fleet, messages_per_second=5.0, messages_at_once=at_once) as gateway,
            connect(gateway.url) as client,
        ):
            began = time.monotonic()
            for number in range(6):
                await client.send(json.dumps(number))
            for _ in range(6):
                await client.recv()
            assert time.monotonic() - began >= least_seconds

    asyncio.run(run())


@pytest.mark.long
@pytest.mark.parametrize(("unread", "code"), [(20, 4429), (1000, None)])
def test_a_socket_with_too_many_messages_unread_is_closed(
    serve: Serve, unread: int, code: int | None
) -> None:
    """With as many unread as may be, the same socket stays open."""

    async def run() -> None:
        fleet = FakeFleet(realtime)
        pace = {"messages_per_second": 1000.0 if code is None else 1.0, "messages_at_once": 1}
        async with serve(fleet, messages_unread=unread, **pace) as gateway:
            async with connect(gateway.url) as client:
                for number in range(200):
                    await client.send(json.dumps(number))
                with suppress(ConnectionClosed):
                    for _ in range(200):
                        await client.recv()
                assert client.close_code == code
            assert (len(fleet.of("MESSAGE")) == 200) is (code is None)

    asyncio.run(run())


def test_sockets_wait_in_their_user_s_line_and_messages_in_a_lane(serve: Serve) -> None:
    async def run() -> None:
        fleet = FakeFleet(realtime)
        async with serve(fleet) as gateway:
            async with connect(f"{gateway.url}?ticket=ada") as client:
                await client.send("hello")
                await client.recv()
            while not fleet.of("DISCONNECT"):
                await asyncio.sleep(0.01)
            (socket,) = gateway.connection_ids
            assert fleet.places == [
                Place("address:127.0.0.1"),
                Place("user:ada", socket, "messages"),
                Place("user:ada"),
            ]

    asyncio.run(run())
