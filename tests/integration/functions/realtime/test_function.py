"""The realtime function, with the events that API Gateway sends."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from groundwork_functions.realtime import handler as module

from .conftest import Live
from .test_sockets_of_keys import ticket_of_key

EVENTS = json.loads((Path(__file__).parents[3] / "events" / "websocket.json").read_text())

GOLDEN = ("connect", "message", "disconnect")
Send = Callable[..., dict[str, object]]


@pytest.fixture
def send(live: Live, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends the function an event of one socket."""
    parts = SimpleNamespace(work=live.work, sockets=live.sockets)
    monkeypatch.setattr(module, "wiring", lambda: parts)

    def event(route: str, body: str | None = None, ticket: str | None = None) -> dict[str, object]:
        event: Any = {
            "requestContext": {
                "routeKey": route,
                "connectionId": "one~1",
                "requestId": "r",
                "apiId": "live",
                "stage": "ws",
                "domainName": "live.example",
            },
            "queryStringParameters": {"ticket": ticket} if ticket is not None else None,
            "body": body,
        }
        answer: dict[str, object] = module.handler(event, None)
        return answer

    return event


def test_a_socket_opens_with_a_ticket_once_and_closes(send: Send, live: Live) -> None:
    ticket = live.ticket()

    user = str(live.database.rows("SELECT user_id FROM socket_tickets")[0][0])
    assert send("$connect", ticket=ticket) == {
        "statusCode": 200,
        "headers": {"X-Groundwork-Caller": user},
    }
    assert send("$disconnect") == {"statusCode": 200}
    assert send("$connect", ticket=ticket) == {"statusCode": 401}
    assert live.database.rows("SELECT * FROM socket_connections") == []


def test_a_missing_or_invalid_ticket_opens_no_socket(send: Send) -> None:
    for ticket in (None, "", "wrong", "\0", "x" * 100_000):
        assert send("$connect", ticket=ticket) == {"statusCode": 401}


def test_each_message_of_a_socket_gets_a_reply(send: Send, live: Live) -> None:
    send("$connect", ticket=live.ticket())
    send("$default", '{"action": "ping"}')
    send("subscribe", '{"action": "subscribe", "topics": ["jobs"]}')
    send("subscribe", '{"action": "subscribe", "topics": ["jobs"], "since": 7.0}')
    send("unsubscribe", '{"action": "unsubscribe", "topics": ["jobs"]}')

    assert live.sockets.of("one~1") == [
        {"type": "pong"},
        {"type": "subscribed", "topics": ["jobs"], "seq": 0},
        {"type": "reset"},
        {"type": "subscribed", "topics": ["jobs"], "seq": 0},
        {"type": "unsubscribed", "topics": []},
    ]


NO_MESSAGES = [
    ("", "invalid"),
    ("nonsense", "invalid"),
    ("[]", "invalid"),
    ("{}", "invalid"),
    ('{"action": "dance"}', "invalid"),
    ('{"action": "ping", "more": 1}', "invalid"),
    ('{"action": "subscribe"}', "invalid"),
    ('{"action": "subscribe", "topics": []}', "invalid"),
    ('{"action": "subscribe", "topics": "jobs"}', "invalid"),
    ('{"action": "subscribe", "topics": ["users"]}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"], "since": -1}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"], "since": "1"}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"], "since": 1.5}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"], "since": 99999999999999999999}', "invalid"),
    ('{"action": "ping", "action": "ping"}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs\\u0000"]}', "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"], "since": NaN}', "invalid"),
    ("[" * 10_000, "invalid"),
    ('{"action": "subscribe", "topics": ["jobs"]}', "forbidden"),
]


def test_an_invalid_socket_message_gets_an_error_with_a_code(send: Send, live: Live) -> None:
    send("$connect", ticket=live.ticket())
    live.database.rows("UPDATE socket_connections SET permissions = '{}'")

    for body, code in NO_MESSAGES:
        assert send("$default", body) == {"statusCode": 200}, body
        error = live.sockets.of("one~1")[-1]
        assert (error["type"], error["code"]) == ("error", code), body
        assert error["detail"], body
    assert len(live.sockets.of("one~1")) == len(NO_MESSAGES)


def test_a_message_of_an_unknown_socket_gets_the_error_unauthenticated(
    send: Send, live: Live
) -> None:
    send("$default", '{"action": "subscribe", "topics": ["jobs"]}')

    assert live.sockets.of("one~1")[0]["code"] == "unauthenticated"


def test_the_function_understands_recorded_events_of_api_gateway(send: Send, live: Live) -> None:
    answers = {name: module.handler(EVENTS[name], None)["statusCode"] for name in GOLDEN}

    assert answers == {"connect": 401, "message": 200, "disconnect": 200}


def test_the_handshake_of_a_socket_returns_the_expiry_of_its_key(send: Send, live: Live) -> None:
    answer = send("$connect", ticket=ticket_of_key(live, 90))

    headers = answer["headers"]
    assert isinstance(headers, dict)
    assert 60 < float(headers["X-Groundwork-Life-Seconds"]) < 91
