"""Reads the body of a request, with its limits."""

from typing import cast

from groundwork_host.live.asgi import Receive

MOST_BODY_BYTES = 10 * 1024 * 1024
# What is read and thrown away of a body that is too large: a client that sends first and listens
# later sees its 413 instead of a reset connection.
_MOST_DISCARDED_BYTES = 64 * 1024 * 1024


class BodyTooLarge(Exception):
    """The body is longer than the gateway takes; `clean` if the rest of it has been read."""

    def __init__(self, *, clean: bool) -> None:
        super().__init__()
        self.clean = clean


class ClientGone(Exception):
    """The client went away before its body was complete."""


async def read(receive: Receive, announced_bytes: int | None) -> bytes:
    """The whole body.

    Args:
        receive: The request's.
        announced_bytes: Content-Length; None if the body comes in chunks.

    Raises:
        BodyTooLarge: It is longer than `MOST_BODY_BYTES`.
        ClientGone: It will never be complete.
    """
    if announced_bytes is not None and announced_bytes > _MOST_DISCARDED_BYTES:
        raise BodyTooLarge(clean=False)
    parts: list[bytes] = []
    length = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = cast("bytes", message.get("body", b""))
        more = bool(message.get("more_body"))
        length += len(part)
        if length > _MOST_DISCARDED_BYTES:
            raise BodyTooLarge(clean=False)
        if length > MOST_BODY_BYTES:
            parts.clear()
        elif part:
            parts.append(part)
    if length > MOST_BODY_BYTES:
        raise BodyTooLarge(clean=True)
    return b"".join(parts)
