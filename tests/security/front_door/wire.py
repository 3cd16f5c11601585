"""Read answers from a raw socket, each with the path that it belongs to."""

import json
import socket
from dataclasses import dataclass

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Heard:
    """One answer; `path` is the one that the echoing function was asked for."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        try:
            return str(json.loads(self.body)["event"]["path"])
        except (ValueError, KeyError, TypeError):
            return ""

    @property
    def said(self) -> str | int:
        """The path of what was served, or the status of what was not."""
        return self.path if self.status == 200 and self.path else self.status


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def read_to_end(connection: socket.socket) -> bytes:
    """Return everything received until the server closes or resets the connection."""
    parts: list[bytes] = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answers(wire: bytes, bodiless: frozenset[int] = frozenset()) -> list[Heard]:
    """The answers one after the other; `bodiless` are the numbers of those to HEAD."""
    found: list[Heard] = []
    finals = 0
    while wire:
        head, _, wire = wire.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), f"no answer begins with {first[:80]!r}"
        status = int(first.split()[1])
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        none = status in {100, 204, 304} or finals in bodiless
        length = 0 if none else int(headers.get("content-length", "0"))
        if status != 100:
            finals += 1
        found.append(Heard(status, headers, wire[:length]))
        wire = wire[length:]
    return found


def ask(port: int, path: str, method: str = "GET", *headers: str) -> Heard:
    """One request on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close"]
    if not any(header.lower().startswith("host:") for header in headers):
        lines.append("Host: localhost")
    with connect(port) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        bodiless = frozenset({0}) if method == "HEAD" else frozenset[int]()
        (heard,) = answers(read_to_end(connection), bodiless)
        return heard
