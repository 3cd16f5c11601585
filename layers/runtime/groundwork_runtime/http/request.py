"""A request, as API Gateway's v1 proxy event tells it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

from pydantic import JsonValue
from pydantic_core import from_json

from groundwork_core.errors import Fault, Invalid

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
        """Decode the body.

        Raises:
            UnsupportedMediaType: its Content-Type is not one of `types`.
            NotJson: it is missing, malformed, nested too deep, or names a member twice.
        """
        self._check_type(types)
        return strict_json(self.body)

    def checked_json(self, *, types: tuple[str, ...] = ("application/json",)) -> bytes:
        """Return the body, known to be strict JSON, for a reader that is faster than ours.

        Raises:
            UnsupportedMediaType, NotJson: as `json`.
        """
        self._check_type(types)
        strict_json(self.body)
        return self.body

    def _check_type(self, types: tuple[str, ...]) -> None:
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type and media_type not in types:
            raise UnsupportedMediaType(f"Send {' or '.join(types)}, not {media_type[:100]}.")


def _nothing(_tokens: int) -> None:
    """Charge nobody: the operation needs no caller."""


def strict_json(body: bytes | str) -> JsonValue:
    """Decode JSON as RFC 8259 has it: no NaN, no lone surrogates, no member named twice.

    Raises:
        NotJson: says what is wrong and where.
        Invalid: a text has a NUL character; points at it.
    """
    if not body:
        raise NotJson("A JSON body is missing.")
    try:
        # The first reader is strict about text and depth; the second sees repeated names.
        from_json(body, allow_inf_nan=False)
        value: JsonValue = json.loads(
            body, object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse
        )
    except ValueError as error:
        raise NotJson(f"The body is not JSON: {str(error)[:200]}") from error
    escaped = "\\u0000" if isinstance(body, str) else b"\\u0000"
    if escaped in body:  # type: ignore[operator]
        pointer = _nul(value, "")
        if pointer is not None:
            raise Invalid("The input has faults.", (Fault(pointer, "NUL cannot be stored"),))
    return value


def _nul(value: JsonValue, pointer: str) -> str | None:
    """Return a pointer to the first text with a NUL character, which Postgres cannot hold."""
    if isinstance(value, str):
        return pointer if "\x00" in value else None
    if isinstance(value, dict):
        if any("\x00" in name for name in value):
            return pointer
        parts = [(name.replace("~", "~0").replace("/", "~1"), one) for name, one in value.items()]
    elif isinstance(value, list):
        parts = [(str(number), one) for number, one in enumerate(value)]
    else:
        return None
    found = (_nul(one, f"{pointer}/{name}") for name, one in parts)
    return next((one for one in found if one is not None), None)


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"The body names {twice[:100]!r} twice in one object.")
    return members


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NotJson(f"The body has a number out of range: {text[:40]}")
    return value


def _refuse(name: str) -> NoReturn:
    raise NotJson(f"The body has {name}, which is no JSON.")
