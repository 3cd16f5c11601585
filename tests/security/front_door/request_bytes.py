"""Raw requests, byte for byte, and what a strict and robust server responds to each.

A case says which answers come, in their order: a path, where the echoing function was asked for
it, or a status. `LAST` is sent behind every case on the same connection, in a write of its own; so
`LAST` in the responses says that the connection is in step, and its absence that it was closed.
"""

from dataclasses import dataclass

LAST = "/echo/last"
LAST_REQUEST = b"GET /echo/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
A, B = "/echo/a", "/echo/b"


@dataclass(frozen=True)
class Case:
    """Bytes to send and the expected responses; `bodiless` are the numbers of responses to HEAD."""

    name: str
    sent: bytes
    heard: tuple[str | int, ...]
    bodiless: frozenset[int] = frozenset()

    @property
    def id(self) -> str:
        return self.name.replace(" ", "-")


def request(line: str, *headers: str, body: bytes = b"", host: str | None = "localhost") -> bytes:
    """Lines joined by CRLF, with a Host header unless `host` is None."""
    lines = [line, *([] if host is None else [f"Host: {host}"]), *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def get(path: str, *headers: str) -> bytes:
    return request(f"GET {path} HTTP/1.1", *headers)


def post(path: str, *headers: str, body: bytes = b"") -> bytes:
    return request(f"POST {path} HTTP/1.1", *headers, body=body)


def chunked(*lines: str, path: str = A, headers: tuple[str, ...] = ()) -> bytes:
    """A chunked request; the lines of its body are joined by CRLF and get none at their end."""
    body = "\r\n".join(lines).encode("latin-1")
    return post(path, "Transfer-Encoding: chunked", *headers, body=body)


SMUGGLED = get(B)
SERVED = (A, LAST)
BOTH = (A, B, LAST)
END = ("0", "", "")
