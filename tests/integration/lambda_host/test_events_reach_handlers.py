import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.lambda_host.conftest import Function, Serve, ask, connected, read_answer

from groundwork_lambda_host.settings import HostSettings

pytestmark = pytest.mark.anyio

ECHO = Function("Echo", "echo.handler", "/echo/{proxy+}")
ANSWERS = Function("Answers", "answers.handler", "/answers/{proxy+}")


async def test_a_request_becomes_an_event_and_its_result_a_response(serve: Serve) -> None:
    running = await serve(ECHO)

    answer = await ask(running.port, "/echo/a%20b?x=1&x=2", "POST", b'{"a":1}')

    seen = json.loads(answer.body)
    assert answer.status == 200
    assert seen["event"]["path"] == "/echo/a%20b"
    assert seen["event"]["pathParameters"] == {"proxy": "a b"}
    assert seen["event"]["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert seen["event"]["body"] == '{"a":1}'
    assert answer.header("x-request-id") == seen["request_id"]
    assert seen["event"]["requestContext"]["requestId"] == seen["request_id"]


async def test_the_context_is_that_of_lambda(serve: Serve) -> None:
    running = await serve(ECHO)

    seen = json.loads((await ask(running.port, "/echo/x")).body)

    assert seen["function_name"] == "echo"
    assert 4000 < seen["remaining_ms"] <= 5000
    assert seen["memory"] == "128"
    assert seen["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:Echo"
    assert seen["trace"].startswith("Root=1-")


async def test_the_callers_trace_is_carried_on(serve: Serve) -> None:
    running = await serve(ECHO)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    answer = await ask(running.port, "/echo/x", headers=(("X-Amzn-Trace-Id", trace),))

    assert json.loads(answer.body)["trace"] == trace


async def test_a_malformed_trace_is_replaced(serve: Serve) -> None:
    running = await serve(ECHO)

    answer = await ask(running.port, "/echo/x", headers=(("X-Amzn-Trace-Id", 'a","ok":"'),))

    assert answer.status == 200
    assert json.loads(answer.body)["trace"].startswith("Root=1-")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("cookies", 200, b""),
        ("binary", 200, b"\x89PNG\x00\xff"),
        ("nothing", 204, b""),
        ("unchanged", 304, b""),
        ("text", 200, "größer".encode()),
        ("framing", 200, b"ok"),
    ],
)
async def test_a_handlers_result_becomes_a_response(
    serve: Serve, path: str, status: int, body: bytes
) -> None:
    running = await serve(ANSWERS)

    answer = await ask(running.port, f"/answers/{path}")

    assert (answer.status, answer.body) == (status, body)


async def test_headers_with_several_values_stay_several(serve: Serve) -> None:
    running = await serve(ANSWERS)

    answer = await ask(running.port, "/answers/cookies")

    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize("path", ["no-status", "injected", "text-not-dict", "set", "list-headers"])
async def test_a_malformed_response_of_a_function_is_502_without_details(
    serve: Serve, path: str
) -> None:
    running = await serve(ANSWERS)

    answer = await ask(running.port, f"/answers/{path}")

    problem = json.loads(answer.body)
    assert answer.status == 502
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("x-evil") == ""
    assert problem["request_id"] == answer.header("x-request-id")


async def test_head_has_the_length_but_not_the_body(serve: Serve) -> None:
    running = await serve(ANSWERS)

    async with connected(running.port) as (reader, writer):
        writer.write(b"HEAD /answers/text HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        wire = await reader.read()

    head, _, body = wire.partition(b"\r\n\r\n")
    assert b"content-length: 8" in head
    assert body == b""


async def test_an_unknown_path_is_404_and_an_unknown_method_405(serve: Serve) -> None:
    running = await serve(Function("Echo", "echo.handler", "/only", method="GET"))

    unknown = await ask(running.port, "/nope")
    wrong = await ask(running.port, "/only", "DELETE")

    assert unknown.status == 404
    assert unknown.header("content-type") == "application/problem+json"
    assert wrong.status == 405
    assert wrong.header("allow") == "GET, HEAD"


async def test_pipelined_requests_get_their_responses_in_order(serve: Serve) -> None:
    running = await serve(Function("Sleeper", "sleeper.handler", "/sleep"), ECHO)

    async with connected(running.port) as (reader, writer):
        writer.write(
            b"GET /sleep?seconds=0.2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            b"GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n"
            b"GET /echo/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        statuses = [(await read_answer(reader)).status for _ in range(3)]

    assert statuses == [200, 404, 200]


async def test_a_function_added_to_the_template_with_a_folder_is_served(
    serve: Serve, tmp_path: Path
) -> None:
    package = tmp_path / "functions" / "acme_functions" / "brand_new"
    package.mkdir(parents=True)
    (package / "handler.py").write_text(
        "def handler(event, context):\n    return {'statusCode': 200, 'body': 'new'}\n"
    )
    running = await serve(
        Function(
            "BrandNew",
            "acme_functions.brand_new.handler.handler",
            "/new",
            code=tmp_path / "functions",
        )
    )

    answer = await ask(running.port, "/new")

    assert answer.body == b"new"
    assert running.host.fleet.pools["BrandNew"].function.name == "brand-new"


async def test_an_event_without_http_gives_the_handlers_own_value(serve: Serve) -> None:
    running = await serve(Function("Raw", "echo.raw"))

    outcome = await running.host.fleet.invoke("Raw", {"Records": [1]})

    assert json.loads(outcome.payload) == {"got": {"Records": [1]}}
    assert outcome.cold
    assert not (await running.host.fleet.invoke("Raw", {})).cold


async def test_concurrent_events_each_have_an_environment_of_their_own(serve: Serve) -> None:
    running = await serve(Function("Sleeper", "sleeper.handler", "/sleep"))

    answers = await asyncio.gather(*(ask(running.port, "/sleep?seconds=0.6") for _ in range(2)))

    assert len({answer.body for answer in answers}) == 2


async def test_events_beyond_the_environments_wait_for_their_turn(serve: Serve) -> None:
    settings = HostSettings(port=0, environments=1, announce_seconds=0.1)
    running = await serve(Function("Sleeper", "sleeper.handler", "/sleep"), settings=settings)

    answers = await asyncio.gather(*(ask(running.port, "/sleep?seconds=0.05") for _ in range(5)))

    assert [answer.status for answer in answers] == [200] * 5
    assert len({answer.body for answer in answers}) == 1
