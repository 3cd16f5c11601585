"""WebSocket events as API Gateway's Lambda proxy integration sends them."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson

from groundwork_lambda_host.sockets.asgi import Scope, headers_of

EventType = Literal["CONNECT", "MESSAGE", "DISCONNECT"]
Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Peer:
    """Properties of a connection that are the same in all of its events."""

    connection_id: str
    api_id: str
    stage: str
    domain: str
    source_ip: str
    user_agent: str
    connected_at: float


def connect_event(scope: Scope, peer: Peer, *, now: float) -> Event:
    """Return the `$connect` event, the only one with the request's headers and query."""
    headers = headers_of(scope)
    query = parse_qsl(
        cast("bytes", scope.get("query_string") or b"").decode("latin-1"), keep_blank_values=True
    )
    event: Event = {
        "headers": dict(headers),
        "multiValueHeaders": _many(headers),
        "requestContext": _context(peer, "$connect", "CONNECT", now=now),
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
        event["multiValueQueryStringParameters"] = _many(query)
    return event


def message_event(data: str | bytes, route_key: str, peer: Peer, *, now: float) -> Event:
    """Return the event of a message; a binary message is Base64-encoded."""
    context = _context(peer, route_key, "MESSAGE", now=now)
    context["messageId"] = context["requestId"]
    if isinstance(data, bytes):
        body, encoded = base64.b64encode(data).decode(), True
    else:
        body, encoded = data, False
    return {"requestContext": context, "body": body, "isBase64Encoded": encoded}


def disconnect_event(code: int, reason: str, peer: Peer, *, now: float) -> Event:
    """Return the `$disconnect` event with the close code."""
    context = _context(peer, "$disconnect", "DISCONNECT", now=now)
    context["disconnectStatusCode"] = code
    context["disconnectReason"] = reason
    headers = [("host", peer.domain), ("x-forwarded-for", peer.source_ip)]
    return {
        "headers": dict(headers),
        "multiValueHeaders": _many(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def route_of(selection: str, data: str | bytes) -> str | None:
    """Return the route key that `$request.body.<path>` selects, or None."""
    prefix, _, path = selection.partition("$request.body.")
    if prefix or not path or isinstance(data, bytes):
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _context(peer: Peer, route_key: str, event_type: EventType, *, now: float) -> Event:
    request_id = str(uuid4())
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": peer.stage,
        "connectedAt": int(peer.connected_at * 1000),
        "requestTimeEpoch": int(now * 1000),
        "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
        "requestId": request_id,
        "domainName": peer.domain,
        "connectionId": peer.connection_id,
        "apiId": peer.api_id,
    }


def _many(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
