"""The requests that the gate in front of the emulator lets through."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from groundwork_command.services.emulator_gate import Gate

KEY = "made-up_Key"
SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20260301/eu-central-1/sqs/aws4_request, Signature=00"
LOOPBACK = {"host": "127.0.0.1:4566"}


def ask(
    headers: dict[str, str] | list[tuple[str, str]], query: str = "", kind: str = "http"
) -> tuple[bool, list[MutableMapping[str, Any]]]:
    """Return whether a request passed the gate, and the response."""
    came: list[str] = []
    said: list[MutableMapping[str, Any]] = []

    async def behind(scope: MutableMapping[str, Any], _receive: object, _send: object) -> None:
        came.append(scope["type"])

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("a refused request is not read")

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": kind,
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
        "query_string": query.encode(),
    }
    asyncio.run(Gate(behind, KEY)(scope, receive, send))
    return bool(came), said


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.0.0.1",
        "127.8.8.8:1",
        "localhost:4566",
        "LOCALHOST",
        "[::1]:1",
        "[::1]",
    ],
)
def test_a_program_that_knows_the_key_may_use_the_emulator(host: str) -> None:
    assert ask({"host": host, "authorization": SIGNED}) == (True, [])


@pytest.mark.parametrize("credential", [f"{KEY}/2026/x", f"{KEY}%2F2026%2Fx"])
def test_a_presigned_url_is_accepted_by_the_emulators_gate(credential: str) -> None:
    assert ask(LOOPBACK, f"a=1&X-Amz-Credential={credential}")[0]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (LOOPBACK, ""),
        ({**LOOPBACK, "authorization": SIGNED.replace(KEY, "test")}, ""),
        ({**LOOPBACK, "authorization": SIGNED.replace(KEY, KEY + "x")}, ""),
        ({**LOOPBACK, "authorization": SIGNED.replace(KEY, KEY[:-1])}, ""),
        ({**LOOPBACK, "authorization": SIGNED.replace(KEY, "")}, ""),
        ({**LOOPBACK, "authorization": f"Bearer {KEY}"}, ""),
        ({**LOOPBACK, "authorization": f"Basic {KEY}"}, ""),
        ({**LOOPBACK, "x-forwarded-for": KEY}, f"Credential={KEY}"),
        (LOOPBACK, "X-Amz-Credential=test/2026"),
        # MiniStack may look at either of two: both must be right.
        (LOOPBACK, f"X-Amz-Credential={KEY}/x&X-Amz-Credential=test/x"),
        ({**LOOPBACK, "authorization": SIGNED}, "X-Amz-Credential=test/x"),
        ([*LOOPBACK.items(), ("authorization", SIGNED), ("authorization", "x Credential=t/")], ""),
        # A web page.
        ({**LOOPBACK, "authorization": SIGNED, "origin": "http://127.0.0.1:4566"}, ""),
        ({**LOOPBACK, "authorization": SIGNED, "origin": "null"}, ""),
        ({**LOOPBACK, "authorization": SIGNED, "Origin": ""}, ""),
        ({"authorization": SIGNED}, ""),
        ([*LOOPBACK.items(), ("host", "127.0.0.1"), ("authorization", SIGNED)], ""),
        ({"host": "", "authorization": SIGNED}, ""),
        ({"host": "rebound.example:4566", "authorization": SIGNED}, ""),
        ({"host": "localhost.example", "authorization": SIGNED}, ""),
        ({"host": "10.0.0.1:4566", "authorization": SIGNED}, ""),
        ({"host": "127.0.0.1:4566@example.org", "authorization": SIGNED}, ""),
        ({"host": "127.0.0.1:x", "authorization": SIGNED}, ""),
        ({"host": "0.0.0.0:4566", "authorization": SIGNED}, ""),
    ],
)
def test_the_emulator_refuses_every_other_request(
    headers: dict[str, str] | list[tuple[str, str]], query: str
) -> None:
    came, said = ask(headers, query)
    assert not came
    assert said[0]["status"] == 403
    assert ask(headers, query, "websocket") == (False, [{"type": "websocket.close", "code": 1008}])


def test_a_gate_without_a_key_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ACCESS_KEY"):
        Gate(lambda *_: asyncio.sleep(0), "")
