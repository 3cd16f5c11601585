"""Messages that clients send over WebSockets. Every message gets a response."""

from __future__ import annotations

import logging
import re
from typing import Annotated, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from groundwork_core.errors import GroundworkError, Invalid
from groundwork_core.realtime.subscribe import send_message, subscribe, unsubscribe
from groundwork_core.resources.field_types import INTEGRAL
from groundwork_core.validation_faults import validation_faults
from groundwork_runtime.http.request import NotJson, strict_json
from groundwork_runtime.wiring import Wiring

logger = logging.getLogger(__name__)

MOST_TOPICS_A_MESSAGE = 100


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Subscribe(_Message):
    """Subscribe to topics."""

    action: Literal["subscribe"]
    topics: list[str] = Field(min_length=1, max_length=MOST_TOPICS_A_MESSAGE)
    since: Annotated[int, Field(ge=0, lt=2**63), INTEGRAL] | None = None


class Unsubscribe(_Message):
    """Unsubscribe from topics."""

    action: Literal["unsubscribe"]
    topics: list[str] = Field(min_length=1, max_length=MOST_TOPICS_A_MESSAGE)


class Ping(_Message):
    """Keep the socket open; API Gateway closes one that is idle for ten minutes."""

    action: Literal["ping"]


Message = Annotated[Union[Subscribe, Unsubscribe, Ping], Field(discriminator="action")]  # noqa: UP007 - pydantic's way
_messages: TypeAdapter[Subscribe | Unsubscribe | Ping] = TypeAdapter(Message)


def handle_message(connection_id: str, body: str, parts: Wiring) -> None:
    """Handle a message and send the response; a malformed message gets an error."""
    try:
        _act(connection_id, body, parts)
    except GroundworkError as error:
        response = {"type": "error", "code": _code(error), "detail": _detail(error)}
        send_message(connection_id, response, parts.sockets)


def _act(connection_id: str, body: str, parts: Wiring) -> None:
    message = _read(body)
    if isinstance(message, Subscribe):
        subscribe(
            connection_id,
            message.topics,
            message.since,
            work=parts.work(),
            sockets=parts.sockets,
        )
    elif isinstance(message, Unsubscribe):
        unsubscribe(connection_id, message.topics, work=parts.work(), sockets=parts.sockets)
    else:
        send_message(connection_id, {"type": "pong"}, parts.sockets)


def _read(body: str) -> Subscribe | Unsubscribe | Ping:
    try:
        given = strict_json(body.encode("utf-8", "surrogatepass"))
    except NotJson as error:
        raise Invalid(str(error).replace("body", "message", 1)) from None
    try:
        return _messages.validate_python(given)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise Invalid("The message is invalid.", validation_faults(found, given)) from None


def _detail(error: GroundworkError) -> str:
    if isinstance(error, Invalid) and error.faults:
        fault = error.faults[0]
        place = f"{fault.pointer}: " if fault.pointer else ""
        return f"{error.detail} {place}{fault.detail}"
    return error.detail


def _code(error: GroundworkError) -> str:
    """Return an error's class name in snake case: `NotFound` is `not_found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
