"""Types and helpers for ASGI applications."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import cast

import orjson

Scope = MutableMapping[str, object]
Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class TooLarge(Exception):
    """Raised if the body of a request exceeds the limit."""


def headers_of(scope: Scope) -> list[tuple[str, str]]:
    """Return the request's headers in order, names in lower case."""
    raw = cast("Iterable[tuple[bytes, bytes]]", scope.get("headers") or ())
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]


async def body_of(receive: Receive, *, limit_bytes: int) -> bytes:
    """Return the whole body of a request.

    Raises:
        TooLarge: The body is longer than `limit_bytes`.
    """
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        part = cast("bytes", message.get("body") or b"")
        length += len(part)
        if length > limit_bytes:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def respond_json(
    send: Send, status: int, body: object = None, *, headers: Iterable[tuple[str, str]] = ()
) -> None:
    """Respond to an HTTP request with JSON; `None` sends no body."""
    payload = b"" if body is None else orjson.dumps(body)
    lines = [(b"content-length", str(len(payload)).encode())]
    if body is not None:
        lines.append((b"content-type", b"application/json"))
    lines += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": payload})
