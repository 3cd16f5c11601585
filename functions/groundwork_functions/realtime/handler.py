"""Handler of the realtime function: open and close sockets, and handle their messages."""

from __future__ import annotations

import logging

from chalice.app import WebsocketEvent

from groundwork_core.errors import GroundworkError, Unauthenticated
from groundwork_core.realtime.connect import connect, disconnect
from groundwork_functions.realtime.messages import handle_message
from groundwork_runtime.events import EventApp
from groundwork_runtime.wiring import wiring

logger = logging.getLogger(__name__)

WebSocketResponse = dict[str, object]
OK: WebSocketResponse = {"statusCode": 200}
LIFE = "X-Groundwork-Life-Seconds"
"""Header for our host: when to close the socket. API Gateway drops headers of `$connect`."""
CALLER = "X-Groundwork-Caller"
"""Header for our host: the id of the socket's user."""


handler = EventApp("realtime")


@handler.on_ws_connect()
def connected(event: WebsocketEvent) -> WebSocketResponse:
    """Open a socket with a ticket. API Gateway returns only the status to the client."""
    ticket = (event.to_dict().get("queryStringParameters") or {}).get("ticket", "")
    try:
        found = connect(event.connection_id, ticket, work=wiring().work())
    except Unauthenticated:
        return {"statusCode": 401}
    except GroundworkError as error:
        logger.warning("A socket could not open: %s", error)
        return {"statusCode": 503}
    headers = {CALLER: str(found.user_id)}
    if found.key_seconds is not None:
        headers[LIFE] = f"{found.key_seconds:.3f}"
    return {"statusCode": 200, "headers": headers}


@handler.on_ws_disconnect()
def disconnected(event: WebsocketEvent) -> WebSocketResponse:
    """Delete a closed socket."""
    disconnect(event.connection_id, work=wiring().work())
    return OK


@handler.on_ws_message()
def message(event: WebsocketEvent) -> WebSocketResponse:
    """Handle a message of any route."""
    handle_message(event.connection_id, event.to_dict().get("body") or "", wiring())
    return OK
