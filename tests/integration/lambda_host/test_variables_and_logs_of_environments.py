import asyncio
import json
import os

import pytest
from tests.integration.lambda_host.conftest import Function, Running, Serve, ask

from groundwork_lambda_host.environments.variables import passed_on
from groundwork_lambda_host.settings import HostSettings

pytestmark = pytest.mark.anyio

VARIABLES = Function(
    "Variables", "variables.handler", "/variables", variables=(("OWN", "mine"), ("STAGE", "local"))
)
TALKER = Function("Talker", "talker.handler", "/talk")


async def lines(running: Running, count: int) -> list[dict[str, str]]:
    async with asyncio.timeout(5):
        while len(running.log) < count:
            await asyncio.sleep(0.02)
    return [json.loads(line) for line in running.log]


async def test_an_environment_has_its_functions_variables_and_lambdas_and_no_others(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "hidden")
    monkeypatch.setenv("AWS_PROFILE", "personal")
    settings = HostSettings(port=0, announce_seconds=0.1, shared=passed_on(os.environ))
    running = await serve(VARIABLES, settings=settings)

    seen = json.loads((await ask(running.port, "/variables")).body)["environ"]

    assert seen["OWN"] == "mine"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "variables"
    assert seen["_HANDLER"] == "variables.handler"
    assert "A_SECRET_OF_THE_HOST" not in seen
    assert "AWS_PROFILE" not in seen
    assert "HOME" not in seen
    assert "GROUNDWORK_HOST_TOKEN" not in seen


async def test_only_functions_that_post_to_sockets_get_the_hosts_token(serve: Serve) -> None:
    posting = Function(
        "Variables",
        "variables.handler",
        "/variables",
        variables=(("WEBSOCKET_ENDPOINT", "http://127.0.0.1/@live"),),
    )
    running = await serve(posting)

    seen = json.loads((await ask(running.port, "/variables")).body)["environ"]

    assert seen["GROUNDWORK_HOST_TOKEN"] == running.host.settings.host_token
    assert seen["WEBSOCKET_BATCH_URL"].startswith(running.host.address)


async def test_the_process_of_a_handler_imports_nothing_of_the_host(serve: Serve) -> None:
    running = await serve(VARIABLES)

    seen = json.loads((await ask(running.port, "/variables")).body)

    assert not [name for name in seen["modules"] if name.startswith("groundwork_command")]
    assert "asyncio" not in seen["modules"]
    assert not [path for path in seen["path"] if path.endswith("environments")]


async def test_log_lines_say_where_they_come_from(serve: Serve) -> None:
    running = await serve(TALKER)

    answer = await ask(running.port, "/talk")

    found = await lines(running, 6)
    request_id = answer.header("x-request-id")
    by_message = {line["message"]: line for line in found}
    for message in ("plain text", "unfinished", "to the error output", "from logging"):
        assert by_message[message]["request_id"] == request_id
        assert by_message[message]["function"] == "talker"
    assert by_message["own"] == {"message": "own", "request_id": "mine", "function": "me"}
    assert by_message["straight to the descriptor"]["function"] == "talker"


async def test_each_line_names_its_own_request(serve: Serve) -> None:
    running = await serve(
        TALKER, settings=HostSettings(port=0, environments=1, announce_seconds=0.1)
    )

    answers = await asyncio.gather(*(ask(running.port, "/talk") for _ in range(20)))

    found = await lines(running, 120)
    named = [line["request_id"] for line in found if line["message"] == "plain text"]
    assert sorted(named) == sorted(answer.header("x-request-id") for answer in answers)


async def test_metric_lines_become_prometheus_metrics_and_leave_the_log(serve: Serve) -> None:
    running = await serve(TALKER)
    await ask(running.port, "/talk")
    await ask(running.port, "/talk")
    found = await lines(running, 12)

    page = (await ask(running.port, "/metrics")).body.decode()

    assert 'groundwork_documents_stored_total{kind="feed"} 6.0' in page
    assert not [line for line in found if "_aws" in line]


async def test_metrics_count_what_functions_do(serve: Serve) -> None:
    running = await serve(TALKER, Function("Unsound", "unsound.handler", "/unsound"))
    await ask(running.port, "/talk")
    await ask(running.port, "/unsound?how=raise")

    page = (await ask(running.port, "/metrics")).body.decode()

    assert 'groundwork_function_invocations_total{function="Talker"} 1.0' in page
    assert 'groundwork_function_errors_total{function="Unsound"} 1.0' in page
    assert 'groundwork_function_cold_starts_total{function="Talker"} 1.0' in page
    assert 'groundwork_function_duration_seconds_count{function="Talker"} 1.0' in page
    assert 'groundwork_environments{function="Talker",state="idle"} 1.0' in page
    assert 'groundwork_gateway_answers_total{status="502"} 1.0' in page


async def test_outside_local_metrics_need_the_token(serve: Serve) -> None:
    settings = HostSettings.from_environ(
        {
            "GROUNDWORK_ENV": "prod",
            "GROUNDWORK_PORT": "0",
            "GROUNDWORK_METRICS_TOKEN": "letmein",
            **passed_on(os.environ),
        }
    )
    running = await serve(TALKER, settings=settings)

    refused = await ask(running.port, "/metrics")
    wrong = await ask(running.port, "/metrics", headers=(("Authorization", "Bearer letmeim"),))
    right = await ask(running.port, "/metrics", headers=(("Authorization", "Bearer letmein"),))

    assert (refused.status, wrong.status, right.status) == (401, 401, 200)
    assert refused.header("www-authenticate") == "Bearer"
    assert json.loads(refused.body)["request_id"] == refused.header("x-request-id")
    assert right.header("x-request-id")
