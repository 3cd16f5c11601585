"""An HTTP request, decoded from an API Gateway v1 proxy event."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import isinf
from typing import Any

from jiter import from_json
from pydantic import JsonValue
from pydantic_core import to_json

from groundwork_core.errors import Fault, Invalid
from groundwork_runtime.http.body_limits import CONTAINERS_MAX

_TWICE = re.compile(r'^Detected duplicate key "(.*)" at line', re.DOTALL)
NO_PARAMETERS: Mapping[str, Sequence[str]] = {}


class NotJson(Exception):
    """The body is not acceptable JSON; the message says why."""


class UnsupportedMediaType(Exception):
    """The operation does not accept the body's media type."""


class Request:
    """One HTTP request; its parts are decoded when first used."""

    def __init__(self, event: Mapping[str, Any], id: str) -> None:  # noqa: A002 - as in the log
        """`event` is not validated, hence Any."""
        self.event = event
        self.id = id
        self.method: str = event["httpMethod"]
        self.path: str = event["path"]
        self.response_headers: dict[str, str] = {}
        """Headers to add to the response of a handler that returns a model."""
        self.charge: Callable[[int], None] = _nothing
        """Takes more tokens from the caller's rate limit, for expensive requests. Raises Throttled
        if too few are left."""

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers by lower-case name; the last value of a repeated header."""
        return {name.lower(): value for name, value in (self.event.get("headers") or {}).items()}

    @cached_property
    def query(self) -> Mapping[str, Sequence[str]]:
        """Query parameters by name, each with all its values."""
        return self.event.get("multiValueQueryStringParameters") or NO_PARAMETERS

    @property
    def address(self) -> str:
        """The IP address of the client."""
        identity = (self.event.get("requestContext") or {}).get("identity") or {}
        return str(identity.get("sourceIp") or "")

    @cached_property
    def body(self) -> bytes:
        """The body as bytes."""
        text = self.event.get("body") or ""
        if self.event.get("isBase64Encoded"):
            return b64decode(text)
        return str(text).encode("utf-8", "surrogatepass")

    def json(self, *, types: tuple[str, ...] = ("application/json",)) -> JsonValue:
        """Return the decoded JSON body; it is decoded once.

        Raises:
            UnsupportedMediaType: the Content-Type is not one of `types`, or the body is compressed.
            NotJson: the body is missing, malformed, nested too deeply, or repeats a member.
            Invalid: the body has a NUL character, or too many objects and arrays.
        """
        self._check_type(types)
        return self._value

    @cached_property
    def _value(self) -> JsonValue:
        return strict_json(self.body)

    def text(self, *, types: tuple[str, ...]) -> tuple[bytes, str | None]:
        """Return the bytes of a text body, and the charset of its Content-Type.

        Raises:
            UnsupportedMediaType: the Content-Type is not one of `types`, or the body is compressed.
        """
        self._check_type(types)
        _, _, parameters = self.headers.get("content-type", "").partition(";")
        for item in parameters.split(";"):
            name, _, value = item.partition("=")
            if name.strip().lower() == "charset":
                return self.body, value.strip().strip('"') or None
        return self.body, None

    def _check_type(self, types: tuple[str, ...]) -> None:
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            raise UnsupportedMediaType("Send the body without a content coding.")
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type and media_type not in types:
            raise UnsupportedMediaType(f"Send {' or '.join(types)} instead of {media_type[:100]}.")


def _nothing(_tokens: int) -> None:
    """Charge nothing: the request is not authenticated."""


def strict_json(body: bytes) -> JsonValue:
    """Decode strict RFC 8259 JSON: no NaN, no lone surrogates, no repeated members.

    Raises:
        NotJson: the text is not strict JSON; the message says where.
        Invalid: a string has a NUL character, or there are too many objects and arrays.
    """
    if not body:
        raise NotJson("The JSON body is missing.")
    try:
        value: JsonValue = from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise NotJson(_message(str(error))) from error
    # Search the bytes first: hardly any body has these, and searching the values is slow.
    written = to_json(value, inf_nan_mode="constants")
    if b"Infinity" in written and _place(value, "", _is_infinite) is not None:
        raise NotJson("The body has a number that is out of range.")
    if b"\\u0000" in body:
        pointer = _place(value, "", _has_nul)
        if pointer is not None:
            raise Invalid(
                "The input is invalid; see errors.",
                (Fault(pointer, "must not contain the NUL character"),),
            )
    if body.count(b"{") + body.count(b"[") > CONTAINERS_MAX and _containers(value) > CONTAINERS_MAX:
        fault = Fault("", f"must have at most {CONTAINERS_MAX:,} objects and arrays")
        raise Invalid("The input is invalid; see errors.", (fault,))
    return value


def _message(error: str) -> str:
    twice = _TWICE.search(error)
    if twice:
        return f"The body has the member {twice[1][:100]!r} twice in one object."
    return f"The body is not JSON: {error[:200]}"


def _place(value: JsonValue, pointer: str, wrong: Callable[[JsonValue], bool]) -> str | None:
    """Return a pointer to the first value, or object with a member name, that is `wrong`."""
    if wrong(value):
        return pointer
    if isinstance(value, dict):
        if any(wrong(name) for name in value):
            return pointer
        parts = [(name.replace("~", "~0").replace("/", "~1"), item) for name, item in value.items()]
    elif isinstance(value, list):
        parts = [(str(number), item) for number, item in enumerate(value)]
    else:
        return None
    found = (_place(item, f"{pointer}/{name}", wrong) for name, item in parts)
    return next((item for item in found if item is not None), None)


def _has_nul(value: JsonValue) -> bool:
    """Return whether a value is a string with a NUL character, which Postgres cannot store."""
    return isinstance(value, str) and "\x00" in value


def _is_infinite(value: JsonValue) -> bool:
    return isinstance(value, float) and isinf(value)


def _containers(value: JsonValue) -> int:
    """Count objects and arrays, up to the first one that is too many."""
    found, line = 0, [value]
    while line and found <= CONTAINERS_MAX:
        item = line.pop()
        if isinstance(item, dict):
            line.extend(item.values())
            found += 1
        elif isinstance(item, list):
            line.extend(item)
            found += 1
    return found
