"""An uncaught exception is logged with its type and place, never with a value of its message."""

import asyncio
import json

import pytest
from tests.integration.lambda_host.conftest import Function, Serve, ask

pytestmark = pytest.mark.anyio

TELLING = Function("Telling", "telling.handler", "/telling")
SECRET = "ada.lovelace-4711"
WAYS = {
    "runtime": "RuntimeError",
    "value": "ValueError",
    "key": "KeyError",
    "row": "OddRow",
    "file": "FileNotFoundError",
    "cause": "TypeError",
    "context": "LookupError",
    "group": "ExceptionGroup",
    "note": "RuntimeError",
    "answer": "MarshalError",
    "thread": "RuntimeError",
    "end": "RuntimeError",
}


async def logged_in(log: list[bytes]) -> None:
    async with asyncio.timeout(60):
        while not any(b"stackTrace" in line for line in log):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("how", "kind"), WAYS.items())
async def test_no_value_of_an_error_is_logged(serve: Serve, how: str, kind: str) -> None:
    running = await serve(TELLING)

    answer = await ask(running.port, f"/telling?how={how}&secret={SECRET}")

    assert answer.status == (200 if how in {"thread", "end"} else 502)
    assert SECRET.encode() not in answer.body
    await logged_in(running.log)
    assert not [line for line in running.log if SECRET.encode() in line]
    logged = json.loads(next(line for line in running.log if b"stackTrace" in line))
    assert logged["errorType"] == kind
    stack = "".join(logged["stackTrace"])
    assert "telling.py" in stack or how == "answer"  # the place is named
    if how == "row":
        assert "SQLSTATE 23505" in stack
    if how == "file":
        assert "No such file or directory" in stack


@pytest.mark.parametrize("how", ["settings", "module"])
async def test_names_of_settings_and_modules_are_logged(serve: Serve, how: str) -> None:
    running = await serve(TELLING)
    await ask(running.port, f"/telling?how={how}&secret={SECRET}")
    await logged_in(running.log)
    logged = json.loads(next(line for line in running.log if b"stackTrace" in line))
    assert "ada" in logged["message"]


@pytest.mark.parametrize("how", ["runtime", "cause", "row"])
async def test_a_log_of_the_whole_error_shows_the_value(serve: Serve, how: str) -> None:
    """With the guard disabled."""
    running = await serve(Function("Whole", "whole.handler", "/whole"))
    await ask(running.port, f"/whole?how={how}&secret={SECRET}")
    await logged_in(running.log)
    assert [line for line in running.log if SECRET.encode() in line]
