"""From bytes to requests: httptools' parser, and the rules of RFC 9112 that it leaves to its user.

It knows no connection. What is not body (request line, headers, chunk sizes and extensions,
trailers) counts against one limit. Trailers are dropped.
"""

from typing import Protocol

import httptools

from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.head import Head, RequestRefused, read_head
from groundwork_lambda_host.gateway.hosts import Hosts
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.limits import ServerLimits

SLICE_BYTES = 4 * 1024
"""Parsed at a time where requests may begin: so many bytes may hold a hundred of them."""
BODY_SLICE_BYTES = 64 * 1024
_CHUNK_BYTES = 16  # a chunk's size and line ends, which are not counted


class Requests(Protocol):
    """Takes what the reader finds. Each may raise RequestRefused."""

    def begins(self) -> None:
        """The first byte of a request."""

    def headed(self, incoming: Incoming) -> None:
        """Its headers are complete."""

    def part(self, incoming: Incoming, part: bytes) -> None:
        """A part of its body."""

    def complete(self, incoming: Incoming) -> None:
        """All of it is there."""


class Reader:
    """Reads the requests of one connection.

    Args:
        requests: Takes them.
        limits: What the client may send.
        hosts: The hosts that are served.

    Attributes:
        headers: Those of the request that is being read, names in lower case.
        ended: Whether the last request has come: one that ends the connection, or a handshake.
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
        """How much to feed at most: no more of a body than is missing, little of what else."""
        incoming = self._incoming
        if incoming is None or incoming.announced is None:
            return SLICE_BYTES
        return min(BODY_SLICE_BYTES, max(1, incoming.announced - incoming.length))

    def feed(self, data: bytes | memoryview) -> int:
        """Parses, and gives how many bytes it used.

        Raises:
            RequestRefused: A request in it cannot be served.
        """
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser leaves what follows to another protocol. None has been agreed on.
            self._parser = httptools.HttpRequestParser(self)
            self._framing_bytes = 0
            if self._incoming is not None:
                self._read_its_body(self._incoming)
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

    # ── what the parser finds ──

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._resuming:
            return
        self._framing_bytes = self._chunks = 0
        self._target = b""
        self.headers = []
        self._in_head = True
        self._requests.begins()

    def on_url(self, part: bytes) -> None:
        """A part of the request target."""
        if not self._resuming:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which is dropped."""
        if self._in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Judges the head of a request."""
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
        """A chunk begins."""
        self._chunks += 1
        if self._chunks > self._limits.chunks:
            raise RequestRefused(problems.TOO_LARGE)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._framing_bytes -= len(part)
        if self._incoming is not None:
            self._requests.part(self._incoming, part)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        incoming = self._incoming
        if incoming is None or (incoming.has_body and self._parser.should_upgrade()):
            return  # in the second case the parser skips the body, see _read_its_body
        self._incoming = None
        self._framing_bytes = self._chunks = 0
        self.ended = not incoming.keep_alive or incoming.websocket
        self._requests.complete(incoming)

    def _read_its_body(self, incoming: Incoming) -> None:
        # The parser takes the body of a request with `Upgrade` for the other protocol's. A fresh
        # one reads it, after a head that says only how long it is. Java's client sends such ones.
        length = b"Content-Length: %d" % (incoming.announced or 0)
        how = b"Transfer-Encoding: chunked" if incoming.chunked else length
        self._resuming = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + how + b"\r\n\r\n")
        self._resuming = False
