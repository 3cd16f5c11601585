"""A request, as API Gateway's v1 proxy event tells it."""

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
    """The body is not a JSON text that we take; says why."""


class UnsupportedMediaType(Exception):
    """The body is of a type that this route does not take."""


class Request:
    """One request. Everything is worked out when first asked for."""

    def __init__(self, event: Mapping[str, Any], id: str) -> None:  # noqa: A002 - the log's word
        """Take the event (an outside shape, hence Any) and the request's id."""
        self.event = event
        self.id = id
        self.method: str = event["httpMethod"]
        self.path: str = event["path"]
        self.answer_headers: dict[str, str] = {}
        """What the answer of a handler that returns a model gets besides."""
        self.charge: Callable[[int], None] = _nothing
        """Takes further tokens from the caller's rate limit, for what costs more than a request.
        Raises Throttled if there are too few."""

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers by name in lower case; of a repeated one, the last."""
        return {name.lower(): value for name, value in (self.event.get("headers") or {}).items()}

    @cached_property
    def query(self) -> Mapping[str, Sequence[str]]:
        """Query parameters, each with all its values."""
        return self.event.get("multiValueQueryStringParameters") or NO_PARAMETERS

    @property
    def address(self) -> str:
        """Where the client is."""
        identity = (self.event.get("requestContext") or {}).get("identity") or {}
        return str(identity.get("sourceIp") or "")

    @cached_property
    def body(self) -> bytes:
        """The body's bytes."""
        text = self.event.get("body") or ""
        if self.event.get("isBase64Encoded"):
            return b64decode(text)
        return str(text).encode("utf-8", "surrogatepass")

    def json(self, *, types: tuple[str, ...] = ("application/json",)) -> JsonValue:
        """Return the body's value; it is decoded once.

        Raises:
            UnsupportedMediaType: its Content-Type is not one of `types`.
            NotJson: it is missing, malformed, nested too deep, or names a member twice.
            Invalid: it has a text or a structure that nothing here can hold.
        """
        self._check_type(types)
        return self._value

    @cached_property
    def _value(self) -> JsonValue:
        return strict_json(self.body)

    def text(self, *, types: tuple[str, ...]) -> tuple[bytes, str | None]:
        """Return a body that is text, undecoded, and the charset that its sender names.

        Raises:
            UnsupportedMediaType: its Content-Type is not one of `types`.
        """
        self._check_type(types)
        _, _, parameters = self.headers.get("content-type", "").partition(";")
        for one in parameters.split(";"):
            name, _, value = one.partition("=")
            if name.strip().lower() == "charset":
                return self.body, value.strip().strip('"') or None
        return self.body, None

    def _check_type(self, types: tuple[str, ...]) -> None:
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type and media_type not in types:
            raise UnsupportedMediaType(f"Send {' or '.join(types)}, not {media_type[:100]}.")


def _nothing(_tokens: int) -> None:
    """Charge nobody: the operation needs no caller."""


def strict_json(body: bytes) -> JsonValue:
    """Decode JSON as RFC 8259 has it: no NaN, no lone surrogates, no member named twice.

    Raises:
        NotJson: says what is wrong and where.
        Invalid: a text has a NUL character, or there are too many objects and arrays.
    """
    if not body:
        raise NotJson("The JSON body is missing.")
    try:
        value: JsonValue = from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise NotJson(_words(str(error))) from error
    # Looked for in bytes first: hardly any body has what must then be looked for in its values.
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


def _words(error: str) -> str:
    twice = _TWICE.search(error)
    if twice:
        return f"The body has the member {twice[1][:100]!r} twice in one object."
    return f"The body is not JSON: {error[:200]}"


def _place(value: JsonValue, pointer: str, wrong: Callable[[JsonValue], bool]) -> str | None:
    """Return a pointer to the first value that is wrong; to the object whose member's name is."""
    if wrong(value):
        return pointer
    if isinstance(value, dict):
        if any(wrong(name) for name in value):
            return pointer
        parts = [(name.replace("~", "~0").replace("/", "~1"), one) for name, one in value.items()]
    elif isinstance(value, list):
        parts = [(str(number), one) for number, one in enumerate(value)]
    else:
        return None
    found = (_place(one, f"{pointer}/{name}", wrong) for name, one in parts)
    return next((one for one in found if one is not None), None)


def _has_nul(value: JsonValue) -> bool:
    """Whether it is a text that Postgres cannot hold."""
    return isinstance(value, str) and "\x00" in value


def _is_infinite(value: JsonValue) -> bool:
    return isinstance(value, float) and isinf(value)


def _containers(value: JsonValue) -> int:
    """Count objects and arrays; stop once there are too many."""
    found, line = 0, [value]
    while line and found <= CONTAINERS_MAX:
        one = line.pop()
        if isinstance(one, dict):
            line.extend(one.values())
            found += 1
        elif isinstance(one, list):
            line.extend(one)
            found += 1
    return found
