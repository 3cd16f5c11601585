"""The @connections API with boto3's own client, and the batch call beside it."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ....fakes.fleet import FakeFleet
from .conftest import TOKEN, Running, Serve, free_port

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


def client_of(gateway: Running, *, key: str = TOKEN) -> "ApiGatewayManagementApiClient":
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=gateway.management,
        region_name="eu-central-1",
        aws_access_key_id=key,
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def id_of_last(gateway: Running) -> str:
    return gateway.connection_ids[-1]


async def failing(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as failed:
        await asyncio.to_thread(call)
    return str(failed.value.response["Error"]["Code"])


async def batch(gateway: Running, posts: object, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.post(
            gateway.management + "/posts",
            json={"posts": posts},
            headers=headers or {"X-Groundwork-Host-Token": TOKEN},
        )


def test_boto3_posts_to_a_socket_describes_it_and_closes_it(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway, connect(gateway.url) as socket:
            client, one = client_of(gateway), id_of_last(gateway)
            await asyncio.to_thread(
                lambda: client.post_to_connection(ConnectionId=one, Data='{"ä":1}'.encode())
            )
            assert await socket.recv() == '{"ä":1}'
            shown = await asyncio.to_thread(lambda: client.get_connection(ConnectionId=one))
            assert shown["Identity"]["SourceIp"] == "127.0.0.1"
            assert abs((datetime.now(UTC) - shown["ConnectedAt"]).total_seconds()) < 60
            await asyncio.to_thread(lambda: client.delete_connection(ConnectionId=one))
            with pytest.raises(ConnectionClosed):
                await socket.recv()

    asyncio.run(run())


def test_an_unknown_socket_counts_as_closed(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway:
            client = client_of(gateway)
            assert "Gone" in await failing(
                lambda: client.post_to_connection(ConnectionId="one-abc", Data=b"x")
            )
            assert "Gone" in await failing(lambda: client.get_connection(ConnectionId="L0SM9c="))

    asyncio.run(run())


def test_a_payload_over_128_kb_is_refused(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway, connect(gateway.url):
            client, one = client_of(gateway), id_of_last(gateway)
            code = await failing(
                lambda: client.post_to_connection(ConnectionId=one, Data=b"x" * (128 * 1024 + 1))
            )
            assert code == "PayloadTooLargeException"

    asyncio.run(run())


def test_posting_to_a_socket_needs_the_hosts_token(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway, connect(gateway.url) as socket:
            one = id_of_last(gateway)
            stranger = client_of(gateway, key="AKIASTRANGER")
            assert "Forbidden" in await failing(
                lambda: stranger.post_to_connection(ConnectionId=one, Data=b"x")
            )
            posts = [{"connections": [one], "data": "x"}]
            for headers in ({"X-Groundwork-Host-Token": "wrong"}, {"X-Other": TOKEN}):
                assert (await batch(gateway, posts, **headers)).status_code == 403
            # The same post with the token arrives: nothing but the token was missing.
            assert (await batch(gateway, posts)).status_code == 200
            assert await socket.recv() == "x"

    asyncio.run(run())


def test_one_call_posts_to_many_sockets_and_names_the_closed_ones(serve: Serve) -> None:
    async def run() -> None:
        async with (
            serve(FakeFleet()) as gateway,
            connect(gateway.url) as first,
        ):
            one = id_of_last(gateway)
            async with connect(gateway.url) as second:
                two = id_of_last(gateway)
                answer = await batch(
                    gateway,
                    [
                        {"connections": [one, two, "one-nobody"], "data": "both"},
                        {"connections": [two], "data": "second"},
                    ],
                )
                assert answer.json() == {"gone": ["one-nobody"], "unreachable": []}
                assert await first.recv() == "both"
                assert [await second.recv(), await second.recv()] == ["both", "second"]

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"x", b"[]", b"{}", b'{"posts":[{"connections":1,"data":"x"}]}'])
def test_a_malformed_batch_of_posts_is_a_bad_request(serve: Serve, body: bytes) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway, httpx2.AsyncClient() as client:
            answer = await client.post(
                gateway.management + "/posts",
                content=body,
                headers={"X-Groundwork-Host-Token": TOKEN},
            )
            assert answer.status_code == 400

    asyncio.run(run())


def test_any_gateway_passes_a_post_on_to_the_one_that_holds_the_socket(serve: Serve) -> None:
    async def run() -> None:
        ports = [free_port(), free_port()]
        urls = [f"http://127.0.0.1:{port}/@live" for port in ports]
        dead = f"http://127.0.0.1:{free_port()}/@live"
        async with (
            serve(
                FakeFleet(), port=ports[0], gateway="pod-a", peers={"pod-b": urls[1], "pod-c": dead}
            ) as near,
            serve(FakeFleet(), port=ports[1], gateway="pod-b", peers={"pod-a": urls[0]}) as far,
            connect(far.url) as socket,
        ):
            theirs = id_of_last(far)
            client = client_of(near)
            await asyncio.to_thread(
                lambda: client.post_to_connection(ConnectionId=theirs, Data=b"passed on")
            )
            assert await socket.recv() == "passed on"
            answer = await batch(
                near, [{"connections": [theirs, "pod-b-gone", "pod-c-down"], "data": "again"}]
            )
            assert answer.json() == {"gone": ["pod-b-gone"], "unreachable": ["pod-c-down"]}
            assert await socket.recv() == "again"

    asyncio.run(run())


async def _sockets(url: str, number: int) -> list[ClientConnection]:
    found: list[ClientConnection] = []
    for _ in range(number // 50):
        found += await asyncio.gather(
            *(connect(url, compression=None, ping_interval=None) for _ in range(50))
        )
    return found


@pytest.mark.long
def test_a_thousand_sockets_get_a_batch_within_a_moment(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet()) as gateway:
            sockets = await _sockets(gateway.url, 1000)
            ids = gateway.connection_ids
            clock = asyncio.get_running_loop().time
            began = clock()
            answer = await batch(gateway, [{"connections": ids, "data": json.dumps({"seq": 1})}])
            posted = clock() - began
            assert answer.json() == {"gone": [], "unreachable": []}
            got = await asyncio.gather(*(socket.recv() for socket in sockets))
            assert got == ['{"seq": 1}'] * 1000
            read = clock() - began
            print(f"1,000 sockets: answered in {posted * 1000:.0f} ms, read by all in {read:.3f} s")
            assert read < 5
            await asyncio.gather(*(socket.close() for socket in sockets))

    asyncio.run(run())
