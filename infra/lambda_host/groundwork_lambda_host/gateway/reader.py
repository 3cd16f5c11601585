"""Parse bytes into requests with httptools, and enforce further rules of RFC 9112.

The request line, headers, chunk sizes and extensions, and trailers count against one limit.
Trailers are dropped.
"""

from typing import Protocol

import httptools

from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.head import Head, RequestRefused, read_head
from groundwork_lambda_host.gateway.hosts import Hosts
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.limits import ServerLimits

SLICE_BYTES = 4 * 1024
"""Bytes parsed at once where requests may begin; they may hold a hundred requests."""
BODY_SLICE_BYTES = 64 * 1024
_CHUNK_BYTES = 16  # a chunk's size and line ends, which do not count


class Requests(Protocol):
    """Receives what the reader parses. Each method may raise RequestRefused."""

    def begins(self) -> None:
        """Called at the first byte of a request."""

    def headed(self, incoming: Incoming) -> None:
        """Called when the headers of a request are complete."""

    def part(self, incoming: Incoming, part: bytes) -> None:
        """Called with each part of its body."""

    def complete(self, incoming: Incoming) -> None:
        """Called when the request is complete."""


class Reader:
    """Reads the requests of one connection.

    Args:
        requests: Receives the requests.
        limits: Limits of the client.
        hosts: The hosts that are served.

    Attributes:
        headers: Headers of the current request, names in lower case.
        ended: Whether the last request of the connection was read, or a WebSocket handshake.
    """

    def __init__(self, requests: Requests, limits: ServerLimits, hosts: Hosts) -> None:
        self._requests = requests
        self._limits = limits
        self._hosts = hosts
        self._parser = httptools.HttpRequestParser(self)
        self._incoming: Incoming | None = None
        self._target = b""
        self._in_head = False
        self._resuming = False
        self._framing_bytes = 0
        self._chunks = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.ended = False

    @property
    def slice_bytes(self) -> int:
        """Maximum number of bytes to feed: the rest of a body, or a small slice otherwise."""
        incoming = self._incoming
        if incoming is None or incoming.announced is None:
            return SLICE_BYTES
        return min(BODY_SLICE_BYTES, max(1, incoming.announced - incoming.length))

    def feed(self, data: bytes | memoryview) -> int:
        """Parse data; return how many bytes were used.

        Raises:
            RequestRefused: A request in it is refused.
        """
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser stops for another protocol, but none has been agreed on.
            self._parser = httptools.HttpRequestParser(self)
            self._framing_bytes = 0
            if self._incoming is not None:
                self._read_body(self._incoming)
            return int(upgrade.args[0])
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, RequestRefused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError:
            if self.ended:
                return len(data)
            raise RequestRefused(problems.BAD_REQUEST) from None
        if self._framing_bytes - _CHUNK_BYTES * self._chunks > self._limits.header_bytes:
            raise RequestRefused(problems.HEADERS_TOO_LARGE)
        if self._in_head and self._target and self._parser.get_http_version() == "0.9":
            raise RequestRefused(problems.BAD_REQUEST)
        return len(data)

    # ── called by the parser ──

    def on_message_begin(self) -> None:
        """Start a request at its first byte."""
        if self._resuming:
            return
        self._framing_bytes = self._chunks = 0
        self._target = b""
        self.headers = []
        self._in_head = True
        self._requests.begins()

    def on_url(self, part: bytes) -> None:
        """Append a part of the request target."""
        if not self._resuming:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Append a header; drop a trailer."""
        if self._in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Validate the head of a request."""
        if self._resuming:
            return
        self._in_head = False
        parser = self._parser
        head = Head(
            parser.get_method().decode("ascii"),
            self._target,
            self.headers,
            parser.get_http_version(),
        )
        incoming = read_head(head, self._limits, self._hosts)
        self._incoming = incoming
        self._requests.headed(incoming)

    def on_chunk_header(self) -> None:
        """Count a chunk."""
        self._chunks += 1
        if self._chunks > self._limits.chunks:
            raise RequestRefused(problems.TOO_LARGE)

    def on_body(self, part: bytes) -> None:
        """Pass on a part of the body."""
        self._framing_bytes -= len(part)
        if self._incoming is not None:
            self._requests.part(self._incoming, part)

    def on_message_complete(self) -> None:
        """End a request at its last byte."""
        incoming = self._incoming
        if incoming is None or (incoming.has_body and self._parser.should_upgrade()):
            return  # in the second case the parser skips the body, see _read_body
        self._incoming = None
        self._framing_bytes = self._chunks = 0
        self.ended = not incoming.keep_alive or incoming.websocket
        self._requests.complete(incoming)

    def _read_body(self, incoming: Incoming) -> None:
        # The parser treats the body of a request with `Upgrade` as another protocol. A new parser
        # reads it, after a head that states only its length. Java's client sends such requests.
        length = b"Content-Length: %d" % (incoming.announced or 0)
        how = b"Transfer-Encoding: chunked" if incoming.chunked else length
        self._resuming = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + how + b"\r\n\r\n")
        self._resuming = False
