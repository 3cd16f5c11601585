"""A host sends spans of requests and of functions' events to Zipkin."""

import asyncio
import json
import socket
from typing import Any

import pytest

from groundwork_lambda_host.settings import HostSettings

from ...webhook_receiver import Receiver, answering, receiving
from .conftest import Function, Running, Serve, ask

pytestmark = pytest.mark.anyio
ECHO = Function("Echo", "echo.handler", "/echo/{name}")
SPANS = "/api/v2/spans"


def settings(zipkin: str) -> HostSettings:
    return HostSettings(port=0, announce_seconds=0.1, finish_seconds=2.0, zipkin_url=zipkin)


def posted(zipkin: Receiver) -> list[dict[str, Any]]:
    return [span for request in zipkin.at(SPANS) for span in json.loads(request.body)]


async def spans_of(zipkin: Receiver, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while len(posted(zipkin)) < count:
            await asyncio.sleep(0.05)
    return posted(zipkin)


async def totals(running: Running) -> dict[str, float]:
    page = (await ask(running.port, "/metrics")).body.decode()
    lines = [line for line in page.splitlines() if line.startswith("groundwork_spans_total")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines}


async def test_a_request_and_its_function_are_spans_of_one_trace(serve: Serve) -> None:
    with receiving() as zipkin:
        running = await serve(ECHO, settings=settings(zipkin.url))
        answer = json.loads((await ask(running.port, "/echo/x?ticket=secret")).body)
        found = {span["localEndpoint"]["serviceName"]: span for span in await spans_of(zipkin, 2)}
        assert (await totals(running))["sent"] == 2
    request, function = found["gateway"], found["Echo"]
    assert request["name"] == "GET /echo/{name}"
    assert request["tags"]["http.path"] == "/echo/x"
    assert request["tags"]["http.status_code"] == "200"
    assert "parentId" not in request
    assert function["parentId"] == request["id"]
    assert function["traceId"] == request["traceId"]
    assert function["duration"] <= request["duration"]
    # The handler passes on its own span, and logs the same trace.
    root = answer["trace"].split(";")[0].removeprefix("Root=1-").replace("-", "")
    assert root == function["traceId"]
    assert f"Parent={function['id']};Sampled=1" in answer["trace"]
    assert "secret" not in json.dumps(list(found.values()))


async def test_a_failure_is_marked(serve: Serve) -> None:
    with receiving() as zipkin:
        unsound = Function("Broken", "broken.handler", "/broken")
        running = await serve(unsound, settings=settings(zipkin.url))
        assert (await ask(running.port, "/broken")).status == 502
        (span,) = await spans_of(zipkin, 1)
    assert span["tags"]["error"] == "502"


async def test_a_zipkin_that_is_away_delays_spans_and_nothing_else(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    running = await serve(ECHO, settings=settings(url))
    assert (await ask(running.port, "/echo/x")).status == 200
    sender = running.host._zipkin
    assert sender is not None
    await sender.send()
    assert (await ask(running.port, "/echo/y")).status == 200
    with receiving() as zipkin:
        sender._url = f"{zipkin.url}{SPANS}"
        await sender.send()
        assert len(posted(zipkin)) == 4
        # One that refuses spans does not get them again.
        zipkin.answers[SPANS] = answering(400)
        await ask(running.port, "/echo/z")
        await sender.send()
        await sender.send()
    assert await totals(running) == {"sent": 4, "refused": 2}


async def test_the_last_spans_are_sent_when_the_host_drains(serve: Serve) -> None:
    with receiving() as zipkin:
        running = await serve(ECHO, settings=settings(zipkin.url))
        await ask(running.port, "/echo/x")
        await running.host.drain()
        assert len(posted(zipkin)) == 2


async def test_without_the_setting_traces_are_not_sampled(serve: Serve) -> None:
    running = await serve(ECHO)
    answer = json.loads((await ask(running.port, "/echo/x")).body)
    assert answer["trace"].endswith("Sampled=0")
