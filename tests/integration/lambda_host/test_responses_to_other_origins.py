"""The host's own responses have CORS headers for allowed origins only."""

import asyncio
import json
from dataclasses import replace

import pytest
from tests.integration.lambda_host.conftest import (
    Answer,
    Function,
    Running,
    Serve,
    ask,
    connected,
    read_answer,
)

from groundwork_lambda_host.gateway import ServerLimits
from groundwork_lambda_host.gateway.cors import Cors
from groundwork_lambda_host.settings import HostSettings

pytestmark = pytest.mark.anyio

ORIGIN, OTHER = "https://app.example.org", "https://desk.example.org"
FOREIGN = "https://evil.example.org"
ECHO = Function("Echo", "echo.handler", "/echo", "GET")
TAKES = Function("Takes", "echo.handler", "/takes", "POST")
SLEEPER = Function("Sleeper", "sleeper.handler", "/sleep", timeout=1)
BROKEN = Function("Broken", "broken.handler", "/broken")
QUICK = HostSettings(
    port=0,
    announce_seconds=0.1,
    finish_seconds=2.0,
    environments=1,
    wait_line=0,
    cors_origins=(ORIGIN, OTHER),
)
SMALL = ServerLimits(body_bytes=100, body_seconds=0.5, whole_body_seconds=1.0)


async def own_answers(running: Running, origin: str) -> dict[int, Answer]:
    """The host's own responses by status."""
    port, headers = running.port, (("Origin", origin),)
    found = await asyncio.gather(
        # One has the only worker, the other is one too many.
        *(ask(port, "/sleep?seconds=9", headers=headers) for _ in range(2)),
        ask(port, "/none", headers=headers),
        ask(port, "/echo", "POST", headers=headers),
        ask(port, "/takes", "POST", b"x" * 101, headers=headers),
        ask(port, "/broken", headers=headers),
        _too_slow(port, origin),
    )
    return {answer.status: answer for answer in found}


async def _too_slow(port: int, origin: str) -> Answer:
    async with connected(port) as (reader, writer), asyncio.timeout(30):
        head = f"POST /takes HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n"
        head += "Content-Length: 9\r\n\r\n"
        writer.write(head.encode() + b"ab")
        return await read_answer(reader)


def _told(answer: Answer) -> set[str]:
    return {name for name, _ in answer.headers if name.startswith("access-control")}


@pytest.mark.parametrize("origin", [ORIGIN, OTHER])
async def test_allowed_origins_can_read_the_hosts_own_responses(serve: Serve, origin: str) -> None:
    running = await serve(ECHO, TAKES, SLEEPER, BROKEN, settings=QUICK, limits=SMALL)
    answers = await own_answers(running, origin)
    assert set(answers) == {404, 405, 408, 413, 429, 502, 504}
    for answer in answers.values():
        assert answer.header("access-control-allow-origin") == origin
        assert "Retry-After" in answer.header("access-control-expose-headers")
        assert answer.header("x-request-id") == json.loads(answer.body)["request_id"]
        assert answer.header("vary") == "Origin"
        assert "access-control-allow-credentials" not in _told(answer)


async def test_other_origins_cannot_read_the_hosts_own_responses(serve: Serve) -> None:
    running = await serve(ECHO, TAKES, SLEEPER, BROKEN, settings=QUICK, limits=SMALL)
    answers = await own_answers(running, FOREIGN)
    assert {status: _told(answer) for status, answer in answers.items() if _told(answer)} == {}
    assert {answer.header("vary") for answer in answers.values()} == {"Origin"}


async def test_without_cors_headers_an_allowed_origin_reads_no_response_of_the_host(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cors, "of", lambda _self, _headers: ())
    running = await serve(ECHO, TAKES, SLEEPER, BROKEN, settings=QUICK, limits=SMALL)
    answers = await own_answers(running, ORIGIN)
    assert [status for status, answer in answers.items() if _told(answer)] == []


@pytest.mark.parametrize(("origins", "named"), [((ORIGIN,), ORIGIN), ((ORIGIN, OTHER), "")])
async def test_the_refusal_of_a_connection_names_the_origin_if_one_is_allowed(
    serve: Serve, origins: tuple[str, ...], named: str
) -> None:
    """It is refused before it can say from where it is."""
    settings = replace(QUICK, cors_origins=origins)
    running = await serve(ECHO, settings=settings, limits=ServerLimits(connections=1))
    async with connected(running.port):
        await asyncio.sleep(0.1)
        async with connected(running.port) as (reader, _):
            answer = await read_answer(reader)
    assert (answer.status, answer.header("access-control-allow-origin")) == (503, named)
    assert answer.header("x-request-id")


async def test_unless_origins_are_configured_responses_have_no_cors_headers(serve: Serve) -> None:
    running = await serve(ECHO, settings=replace(QUICK, cors_origins=()))
    answer = await ask(running.port, "/none", headers=(("Origin", ORIGIN),))
    assert (answer.status, _told(answer), answer.header("vary")) == (404, set(), "")
