"""WebSocket events, as API Gateway makes them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from groundwork_lambda_host.sockets.connections import gateway_of, new_id
from groundwork_lambda_host.sockets.events import (
    Peer,
    connect_event,
    disconnect_event,
    message_event,
    route_of,
)
from groundwork_lambda_host.sockets.protocol import text_frame

GOLDEN = json.loads((Path(__file__).parents[3] / "events" / "websocket.json").read_text())
PEER = Peer(
    connection_id="one-abcdefghijklmnop",
    api_id="liveapi",
    stage="ws",
    domain="127.0.0.1:8000",
    source_ip="127.0.0.1",
    user_agent="test",
    connected_at=1772359200.25,
)
NOW = 1772359230.5
DRAWN = {"requestId", "extendedRequestId", "messageId"}


def same(made: Mapping[str, object], golden: dict[str, object]) -> bool:
    """Equal but for the ids that are made up."""
    context = made["requestContext"]
    expected = golden["requestContext"]
    assert isinstance(context, dict)
    assert isinstance(expected, dict)
    drawn = {key: context[key] for key in DRAWN & set(context)}
    assert set(drawn) == DRAWN & set(expected)
    return made == {**golden, "requestContext": {**expected, **drawn}}


def test_the_event_of_a_handshake_is_that_of_api_gateway() -> None:
    scope: dict[str, object] = {
        "headers": [(b"Host", b"127.0.0.1:8000"), (b"x-many", b"1"), (b"x-many", b"2")],
        "query_string": b"ticket=a%20b&t=1&t=2&empty=",
    }
    assert same(connect_event(scope, PEER, now=NOW), GOLDEN["connect"])


def test_connect_without_a_query_has_no_query_parameters() -> None:
    event = connect_event({"headers": [], "query_string": b""}, PEER, now=NOW)
    assert "queryStringParameters" not in event


def test_the_event_of_a_message_is_that_of_api_gateway() -> None:
    assert same(message_event('{"action":"ping"}', "$default", PEER, now=NOW), GOLDEN["message"])


def test_a_binary_message_comes_in_base64() -> None:
    event = message_event(b"\x00\x01", "$default", PEER, now=NOW)
    assert (event["body"], event["isBase64Encoded"]) == ("AAE=", True)


def test_the_event_of_a_closed_socket_is_that_of_api_gateway() -> None:
    made = disconnect_event(1001, "Going away", PEER, now=NOW)
    assert same(made, GOLDEN["disconnect"])


@pytest.mark.parametrize(
    ("selection", "body", "key"),
    [
        ("$request.body.action", '{"action":"subscribe"}', "subscribe"),
        ("$request.body.a.b", '{"a":{"b":"deep"}}', "deep"),
        ("$request.body.action", '{"action":1}', None),
        ("$request.body.action", "[]", None),
        ("$request.body.action", "null", None),
        ("$request.body.action", "{", None),
        ("$request.body.action", b'{"action":"subscribe"}', None),
        ("$context.routeKey", '{"action":"subscribe"}', None),
    ],
)
def test_the_route_key_is_what_the_expression_selects(
    selection: str, body: str | bytes, key: str | None
) -> None:
    assert route_of(selection, body) == key


def test_a_connection_id_names_its_gateway() -> None:
    made = new_id("pod-7-a")
    assert gateway_of(made) == "pod-7-a"
    assert made != new_id("pod-7-a")
    assert gateway_of("L0SM9cOFvHcCIhw=") == ""


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 131_072])
def test_frames_are_those_of_the_websocket_protocol(length: int) -> None:
    from websockets.frames import Frame, Opcode  # noqa: PLC0415 - a second opinion

    text = b"x" * length
    assert text_frame(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
