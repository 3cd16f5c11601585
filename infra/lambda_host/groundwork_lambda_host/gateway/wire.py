"""Serialize responses, and hand connections over to the WebSocket protocol."""

import asyncio
import fcntl
import sys
import termios
from collections.abc import Iterable
from http import HTTPStatus

from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.server_context import ServerContext
from groundwork_lambda_host.sockets.protocol import SocketProtocol

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def response_bytes(
    status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, *, closes: bool
) -> bytes:
    """Return the bytes of a response; `closes` says that it is the last one on the connection."""
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    lines += (b"connection: close\r\n\r\n" if closes else b"\r\n", body)
    return b"".join(lines)


def unread_bytes(transport: asyncio.Transport) -> int:
    """Return how many received bytes are unread; closing with unread bytes sends a reset."""
    connection = transport.get_extra_info("socket")
    if connection is None or transport.is_closing():
        return 0
    found = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(found, sys.byteorder)


def hand_over(transport: asyncio.Transport, incoming: Incoming, context: ServerContext) -> None:
    """Hand the connection over to the WebSocket protocol, which parses the handshake again."""
    lines = [b"GET ", incoming.target, b" HTTP/1.1\r\n"]
    for name, value in incoming.headers:
        lines += (name, b": ", value, b"\r\n")
    protocol = SocketProtocol(context.config, context.state, {})
    protocol.connection_made(transport)
    protocol.client = (incoming.source_ip, 0)
    protocol.data_received(b"".join((*lines, b"\r\n")))
    transport.set_protocol(protocol)
