"""The WebSocket gateway with a real client."""

import asyncio
import json
import time
from collections.abc import Mapping

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ....fakes.fleet import FakeFleet
from .conftest import Serve


def echo(event: Mapping[str, object]) -> object:
    context = event["requestContext"]
    assert isinstance(context, Mapping)
    if context["eventType"] == "CONNECT":
        query = event.get("queryStringParameters") or {}
        assert isinstance(query, Mapping)
        return {"statusCode": 401 if query.get("ticket") == "bad" else 200}
    return {"statusCode": 200, "body": event.get("body")}


def test_the_response_of_a_handler_is_sent_to_its_socket(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway, connect(gateway.url + "?ticket=x") as client:
            await client.send('{"action":"ping"}')
            assert await client.recv() == '{"action":"ping"}'

    asyncio.run(run())


def test_a_refused_ticket_is_a_plain_401_and_never_a_socket(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway:
            with pytest.raises(InvalidStatus) as refused:
                await connect(gateway.url + "?ticket=bad")
            response = refused.value.response
            assert response.status_code == 401
            assert response.headers["content-type"] == "application/problem+json"
            assert len(gateway.counts) == 1  # the zero of the start
            assert gateway.fleet.of("DISCONNECT") == []

    asyncio.run(run())


def test_a_handler_that_fails_at_the_handshake_opens_nothing(serve: Serve) -> None:
    def broken(event: object) -> object:
        raise RuntimeError

    async def run() -> None:
        async with serve(FakeFleet(broken)) as gateway:
            with pytest.raises(InvalidStatus) as refused:
                await connect(gateway.url)
            assert refused.value.response.status_code == 500

    asyncio.run(run())


def test_a_handshake_at_another_path_is_refused(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway:
            with pytest.raises(InvalidStatus) as refused:
                await connect(gateway.url + "/else")
            assert refused.value.response.status_code == 404

    asyncio.run(run())


def test_a_message_is_routed_by_the_action_of_its_body(serve: Serve) -> None:
    routes = {"subscribe": "Subscriber", "$default": "Realtime"}

    async def run() -> None:
        async with serve(FakeFleet(echo), routes=routes) as gateway:
            async with connect(gateway.url) as client:
                for text in ('{"action":"subscribe"}', "not json", '{"action":"$connect"}', "[1]"):
                    await client.send(text)
                    assert await client.recv() == text
            events = [
                (function, event["requestContext"]["routeKey"])  # type: ignore[index]
                for function, event in gateway.fleet.events
            ]
            assert events == [("Subscriber", "subscribe")] + [("Realtime", "$default")] * 3

    asyncio.run(run())


def test_the_handler_gets_one_disconnect_event_with_the_close_code(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway:
            async with connect(gateway.url) as client:
                await client.close(4001, "enough")
            while not gateway.fleet.of("DISCONNECT"):
                await asyncio.sleep(0.01)
            (event,) = gateway.fleet.of("DISCONNECT")
            context = event["requestContext"]
            assert isinstance(context, Mapping)
            assert context["disconnectStatusCode"] == 4001
            assert context["disconnectReason"] == "enough"
            assert gateway.counts == [0, 1, 0]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("parts", "close_code"),
    [
        (["x" * 32 * 1024], None),
        (["x" * (32 * 1024 + 1)], 1009),
        (["x" * 32 * 1024] * 4, None),
        (["x" * 32 * 1024] * 4 + ["x"], 1009),
    ],
    ids=["frame", "frame too long", "message", "message too long"],
)
def test_frames_and_messages_have_the_limits_of_api_gateway(
    serve: Serve, parts: list[str], close_code: int | None
) -> None:
    async def exchange(client: ClientConnection) -> str | bytes:
        await client.send(parts if len(parts) > 1 else parts[0])
        return await client.recv()

    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway, connect(gateway.url, max_size=None) as client:
            if close_code is None:
                assert await exchange(client) == "".join(parts)
                return
            with pytest.raises(ConnectionClosed) as closed:
                await exchange(client)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == close_code

    asyncio.run(run())


@pytest.mark.parametrize("limit", ["idle_seconds", "life_seconds"])
def test_a_socket_that_is_idle_or_too_old_is_closed(serve: Serve, limit: str) -> None:
    async def run() -> None:
        settings = {limit: 0.2, "sweep_seconds": 0.05}
        async with serve(FakeFleet(echo), **settings) as gateway, connect(gateway.url) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), 3)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001

    asyncio.run(run())


@pytest.mark.parametrize("life", ["0.3", None])
def test_a_socket_is_closed_after_the_life_that_its_handshake_named(
    serve: Serve, life: str | None
) -> None:
    """Without a word it stays."""
    headers = {"X-Groundwork-Life-Seconds": life} if life else {}

    async def run() -> None:
        fleet = FakeFleet(lambda _event: {"statusCode": 200, "headers": headers})
        async with serve(fleet, sweep_seconds=0.05) as gateway, connect(gateway.url) as client:
            if life is None:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.recv(), 0.6)
                return
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), 5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001

    asyncio.run(run())


def test_the_life_that_a_slow_handshake_named_counts_from_its_response(serve: Serve) -> None:
    responses: list[float] = []

    def respond(_event: object) -> object:
        responses.append(time.monotonic())
        return {"statusCode": 200, "headers": {"X-Groundwork-Life-Seconds": "0.4"}}

    async def run() -> None:
        fleet = FakeFleet(respond, seconds=0.5)
        async with serve(fleet, sweep_seconds=0.05) as gateway, connect(gateway.url) as client:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(client.recv(), 10)
            assert time.monotonic() - responses[0] >= 0.4

    asyncio.run(run())


def test_a_socket_in_use_is_not_idle(serve: Serve) -> None:
    async def run() -> None:
        settings = {"idle_seconds": 0.4, "sweep_seconds": 0.05}
        async with serve(FakeFleet(echo), **settings) as gateway, connect(gateway.url) as client:
            for _ in range(10):
                await asyncio.sleep(0.1)
                await client.send("x")
                await client.recv()

    asyncio.run(run())


def test_draining_closes_sockets_and_calls_the_handler(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(echo)) as gateway, connect(gateway.url) as client:
            await gateway.live.drain(within_seconds=5)
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
            assert len(gateway.fleet.of("DISCONNECT")) == 1
            with pytest.raises(InvalidStatus) as refused:
                await connect(gateway.url)
            assert refused.value.response.status_code == 503

    asyncio.run(run())


def test_a_failing_handler_sends_the_error_that_api_gateway_sends(serve: Serve) -> None:
    def broken(event: Mapping[str, object]) -> object:
        if "body" in event:
            raise RuntimeError
        return {"statusCode": 200}

    async def run() -> None:
        async with serve(FakeFleet(broken)) as gateway, connect(gateway.url) as client:
            await client.send("x")
            answer = json.loads(await client.recv())
            assert answer["message"] == "Internal server error"
            assert set(answer) == {"message", "connectionId", "requestId"}

    asyncio.run(run())
