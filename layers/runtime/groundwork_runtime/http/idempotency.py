"""Idempotency-Key: a repeated request has its effect once and gets the stored response."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from groundwork_core.errors import Fault, Invalid
from groundwork_core.idempotency.respond_once import respond_once
from groundwork_runtime.http.response import HttpResponse

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

HEADER = "idempotency-key"
KEY = re.compile(r"[!-~]{1,255}")
FAILED = 400


class _NotStored(Exception):
    """Carries the response to a failure out of the transaction, which is rolled back."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def once(
    request: Request, caller: Caller, wiring: Wiring, act: Callable[[], HttpResponse]
) -> HttpResponse:
    """Handle a request with the header. Failures have no effect and are not stored.

    Raises:
        Invalid: the key is malformed, or was used with another body.
        InFlight: the first request with this key is still running.
    """
    from groundwork_data.identity.sealing import KeySeal

    key = request.headers[HEADER].strip()
    if not KEY.fullmatch(key):
        detail = "must be 1 to 255 visible ASCII characters, preferably a UUID"
        raise Invalid("The Idempotency-Key is invalid.", (Fault("/Idempotency-Key", detail),))
    seal = KeySeal(key, f"{caller.principal}\n{request.method}\n{request.path}")
    try:
        answered = respond_once(
            request.body, lambda: _serialized(act()), seal=seal, work=wiring.work()
        )
    except _NotStored as failure:
        return failure.response
    response = _deserialized(answered.response)
    if answered.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _serialized(response: HttpResponse) -> bytes:
    if response.status >= FAILED:
        raise _NotStored(response)
    body = response.body
    head = [response.status, response.content_type, response.headers, type(body).__name__]
    raw = body.encode() if isinstance(body, str) else body or b""
    return json.dumps(head).encode() + b"\n" + raw


def _deserialized(serialized: bytes) -> HttpResponse:
    first, _, raw = serialized.partition(b"\n")
    status, content_type, headers, kind = json.loads(first)
    body = raw.decode() if kind == "str" else raw or None
    return HttpResponse(status, body, content_type, headers)
