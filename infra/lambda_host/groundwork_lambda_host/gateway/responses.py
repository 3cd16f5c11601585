"""Convert the result of a function to an HTTP response."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from groundwork_lambda_host.environments.invocation import Invocation, ResponseHead

# Set by the gateway, because they belong to the connection; values from functions are ignored. The
# last one is for the host only (callers.py).
_NOT_FOR_CLIENTS = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "x-groundwork-caller",
    }
)
_WITHOUT_BODY = frozenset({204, 304})
_STATUSES = range(200, 600)


class Malformed(ValueError):
    """Raised if a function's result is not a valid response of a REST API."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers and body, ready to send."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def response_of(outcome: Invocation, method: str, request_id: str) -> HttpResponse:
    """Return the HTTP response of a function that did not fail.

    Raises:
        Malformed: Its result is not a valid response.
    """
    head, body = (
        (outcome.http, outcome.payload) if outcome.http is not None else _decoded(outcome.payload)
    )
    if not isinstance(head.status, int) or head.status not in _STATUSES:
        raise Malformed(f"{head.status!r} is not a status")
    headers = _headers(head)
    if head.status not in _WITHOUT_BODY:
        headers.append((b"content-length", b"%d" % _length(head, body, method)))
    if not any(name == b"x-request-id" for name, _ in headers):
        headers.append((b"x-request-id", request_id.encode()))
    no_body = method == "HEAD" or head.status in _WITHOUT_BODY
    return HttpResponse(head.status, headers, b"" if no_body else body)


def _length(head: ResponseHead, body: bytes, method: str) -> int:
    """Return the length of the body; for HEAD, the one that its headers state."""
    if method == "HEAD" and not body:
        for name, value in (*head.headers.items(), *head.multi_value_headers.items()):
            stated = value[0] if isinstance(value, list) and len(value) == 1 else value
            if name.lower() == "content-length" and str(stated).isdecimal():
                return int(str(stated))
    return len(body)


def _headers(head: ResponseHead) -> list[tuple[bytes, bytes]]:
    lines: list[tuple[bytes, bytes]] = []
    multi = {name.lower(): values for name, values in head.multi_value_headers.items()}
    for name, value in head.headers.items():
        lowered = name.lower()
        # A name in both is taken from multiValueHeaders, as API Gateway does.
        if lowered not in _NOT_FOR_CLIENTS and lowered not in multi:
            lines.append(_line(lowered, value))
    for name, values in multi.items():
        if not isinstance(values, list):
            raise Malformed(f"multiValueHeaders: {name!r} is not a list")
        if name not in _NOT_FOR_CLIENTS:
            lines.extend(_line(name, value) for value in values)
    return lines


def _line(name: str, value: object) -> tuple[bytes, bytes]:
    text = value if isinstance(value, str) else _scalar(name, value)
    if "\n" in text or "\r" in text or "\0" in text:
        raise Malformed(f"the header {name!r} holds a line break")
    try:
        return name.encode("ascii"), text.encode("latin-1")
    except UnicodeEncodeError:
        raise Malformed(f"the header {name!r} holds an invalid character") from None


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Malformed(f"the header {name!r} is not a text")


def _decoded(payload: bytes) -> tuple[ResponseHead, bytes]:
    result = orjson.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        raise Malformed("statusCode is missing")
    body = result.get("body")
    if body is None:
        raw = b""
    elif not isinstance(body, str):
        raise Malformed("the body is not a text")
    elif result.get("isBase64Encoded"):
        try:
            raw = base64.b64decode(body, validate=True)
        except binascii.Error:
            raise Malformed("the body is not valid Base64") from None
    else:
        raw = body.encode()
    headers, multi = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if not isinstance(headers, Mapping) or not isinstance(multi, Mapping):
        raise Malformed("the headers are not a mapping")
    return ResponseHead(result["statusCode"], headers, multi), raw
