import asyncio
import json

import pytest
from tests.integration.lambda_host.conftest import Function, Serve, ask, connected, read_answer

from groundwork_lambda_host.gateway import ServerLimits

pytestmark = pytest.mark.anyio

ECHO = Function("Echo", "echo.handler", "/echo")
MEGABYTE = 1024 * 1024
HASTY = ServerLimits(header_seconds=0.5, body_seconds=0.5, whole_body_seconds=1.0, idle_seconds=0.5)


async def test_eleven_megabytes_are_too_many(serve: Serve) -> None:
    running = await serve(ECHO)

    answer = await ask(running.port, "/echo", "POST", b"x" * (11 * MEGABYTE))

    assert answer.status == 413
    assert answer.header("content-type") == "application/problem+json"
    assert json.loads(answer.body)["status"] == 413
    assert running.host.fleet.pools["Echo"].stats.invocations == 0


async def test_a_body_of_exactly_the_limit_is_accepted(serve: Serve) -> None:
    """The negative control: the gateway would not refuse everything that is large."""
    running = await serve(ECHO, limits=ServerLimits(body_bytes=100_000))

    fits = await ask(running.port, "/echo", "POST", b"x" * 100_000)
    exceeds = await ask(running.port, "/echo", "POST", b"x" * 100_001)

    assert (fits.status, exceeds.status) == (200, 413)


async def test_the_body_limit_counts_chunks_too(serve: Serve) -> None:
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(11):
            writer.write(b"100000\r\n" + b"x" * MEGABYTE + b"\r\n")
        writer.write(b"0\r\n\r\n")
        answer = await read_answer(reader)
        # What was too much has been read: the connection is as good as before.
        writer.write(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        following = await read_answer(reader)

    assert (answer.status, following.status) == (413, 200)


async def test_a_client_that_expects_100_continue_is_refused_before_sending(serve: Serve) -> None:
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: 99999999\r\n\r\n"
        )
        answer = await read_answer(reader)

    assert answer.status == 413


async def test_a_client_that_expects_100_continue_may_send_a_small_body(serve: Serve) -> None:
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: 2\r\n\r\n"
        )
        assert (await read_answer(reader)).status == 100
        writer.write(b"{}")
        answer = await read_answer(reader)

    assert json.loads(answer.body)["event"]["body"] == "{}"


async def test_endless_headers_are_refused(serve: Serve) -> None:
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 70_000)
        answer = await read_answer(reader)

    assert answer.status == 431


async def test_bytes_that_are_not_http_are_a_bad_request(serve: Serve) -> None:
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        answer = await read_answer(reader)

    assert answer.status == 400
    assert answer.header("content-type") == "application/problem+json"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /echo HTT",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab",
    ],
)
async def test_a_client_that_stops_in_the_middle_is_disconnected(serve: Serve, sent: bytes) -> None:
    running = await serve(ECHO, limits=HASTY)

    async with connected(running.port) as (reader, writer), asyncio.timeout(30):
        writer.write(sent)
        answer = await read_answer(reader)
        rest = await reader.read()

    assert (answer.status, rest) == (408, b"")


async def test_a_client_that_sends_too_slowly_is_disconnected(serve: Serve) -> None:
    running = await serve(ECHO, limits=HASTY)

    async with connected(running.port) as (reader, writer), asyncio.timeout(30):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        answer = asyncio.create_task(read_answer(reader))
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0.1)

    assert answer.result().status == 408


async def test_a_slow_client_that_keeps_the_limits_is_served(serve: Serve) -> None:
    """The negative control: it is the limit that lets go, not slowness itself."""
    running = await serve(ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            await asyncio.sleep(0.5)
            writer.write(b"x")
        answer = await read_answer(reader)

    assert answer.status == 200


async def test_silent_connections_are_closed(serve: Serve) -> None:
    running = await serve(ECHO, limits=HASTY)

    async with connected(running.port) as (silent, _), asyncio.timeout(30):
        assert await silent.read() == b""
    async with connected(running.port) as (reader, writer), asyncio.timeout(30):
        writer.write(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await read_answer(reader)).status == 200
        assert await reader.read() == b""


async def test_one_connection_over_the_limit_gets_503(serve: Serve) -> None:
    running = await serve(ECHO, limits=ServerLimits(connections=3))

    async with connected(running.port), connected(running.port), connected(running.port):
        await asyncio.sleep(0.1)
        async with connected(running.port) as (reader, _):
            answer = await read_answer(reader)

    assert answer.status == 503
    assert answer.header("retry-after")
