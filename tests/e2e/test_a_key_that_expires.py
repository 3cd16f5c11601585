"""A socket that an API key opened is closed when the key expires, without any request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from tests.child_instance import Instance
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

KEY_SECONDS = 5
CLOSED_WITHIN_SECONDS = 20
"""After the key's end; about one is expected."""


@contextmanager
def listening(instance: Instance, headers: dict[str, str]) -> Iterator[ClientConnection]:
    """A socket that hears of entities."""
    asked = httpx2.post(f"{instance.url}/api/v1/auth/ws-ticket", headers=headers)
    assert asked.status_code == 200, asked.text
    with connect(f"ws://127.0.0.1:{instance.port}/ws?ticket={asked.json()['ticket']}") as socket:
        socket.send(json.dumps({"action": "subscribe", "topics": ["entities"]}))
        assert json.loads(socket.recv(timeout=10))["type"] == "subscribed"
        yield socket


def test_a_socket_closes_when_its_key_expires_and_others_do_not(
    instance: Instance, admin: httpx2.Client
) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=KEY_SECONDS)
    new = {"name": "brief", "scopes": ["entities:read"], "expires_at": ends_at.isoformat()}
    key = admin.post("/api/v1/api-keys", json=new).json()["key"]
    bearer = {"Authorization": admin.headers["Authorization"]}
    with (
        listening(instance, {"X-API-Key": key}) as socket,
        listening(instance, bearer) as in_person,
    ):
        admin.post("/api/v1/entities", json={"name": "early", "type": "topic", "confidence": 1})
        assert json.loads(socket.recv(timeout=10))["data"]["name"] == "early"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=KEY_SECONDS + CLOSED_WITHIN_SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert datetime.now(UTC) >= ends_at
        assert json.loads(in_person.recv(timeout=10))["data"]["name"] == "early"
        in_person.send('{"action": "ping"}')
        assert json.loads(in_person.recv(timeout=10)) == {"type": "pong"}
