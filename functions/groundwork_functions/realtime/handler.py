"""The WebSocket's entry: opens, closes and listens, one event at a time."""

from __future__ import annotations

import logging

from groundwork_core.errors import GroundworkError, Unauthenticated
from groundwork_core.realtime.connect import connect, disconnect
from groundwork_functions.realtime.events import SocketEvent
from groundwork_functions.realtime.messages import answer
from groundwork_runtime import logs
from groundwork_runtime.wiring import wiring

logger = logging.getLogger(__name__)

Answer = dict[str, object]
LIFE = "X-Groundwork-Life-Seconds"
"""Tells our host when to close a socket. API Gateway lets no header of `$connect` through."""
CALLER = "X-Groundwork-Caller"
"""Tells our host whose socket it is."""


def handler(event: SocketEvent, context: object) -> Answer:  # noqa: ARG001 - Lambda's signature
    """Serve one event of API Gateway's WebSocket API."""
    where = event["requestContext"]
    parts = wiring()
    with logs.fields(request_id=where.get("requestId", "")):
        if where["routeKey"] == "$connect":
            return _open(event)
        if where["routeKey"] == "$disconnect":
            disconnect(where["connectionId"], work=parts.work())
        else:
            answer(where["connectionId"], event.get("body") or "", parts)
    return {"statusCode": 200}


def _open(event: SocketEvent) -> Answer:
    """API Gateway tells the client the status and nothing else."""
    ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
    try:
        found = connect(event["requestContext"]["connectionId"], ticket, work=wiring().work())
    except Unauthenticated:
        return {"statusCode": 401}
    except GroundworkError as error:
        logger.warning("A socket could not open: %s", error)
        return {"statusCode": 503}
    headers = {CALLER: str(found.user_id)}
    if found.key_seconds is not None:
        headers[LIFE] = f"{found.key_seconds:.3f}"
    return {"statusCode": 200, "headers": headers}
