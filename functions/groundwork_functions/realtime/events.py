"""The part of API Gateway's WebSocket events that is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict


class Where(TypedDict):
    """Which socket, and what happened to it."""

    routeKey: str
    connectionId: str
    requestId: NotRequired[str]


class SocketEvent(TypedDict):
    """One event."""

    requestContext: Where
    queryStringParameters: NotRequired[Mapping[str, str] | None]
    body: NotRequired[str | None]
