"""Make one HTTP exchange over a connection to a checked IP address."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.client import BadStatusLine, HTTPResponse

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from groundwork_core.web.reachability import Address

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
MAX_INTERIM = 20
MAX_INTERIM_LINES = 100
MAX_LINE_BYTES = 65_536
SWITCHING_PROTOCOLS = 101
FIRST_FINAL = 200


class Deadline:
    """The time at which an exchange ends, whatever the server does.

    A socket timeout restarts with each byte. So a watchdog thread shuts the connection down at the
    deadline, and a waiting read fails.
    """

    def __init__(self, seconds: float, *, body_pause_seconds: float = READ_SECONDS) -> None:
        """`body_pause_seconds` is how long a body may pause between two reads."""
        self.body_pause_seconds = body_pause_seconds
        self._ends_at = time.monotonic() + seconds

    @property
    def left_seconds(self) -> float:
        """Seconds until the deadline; 0 after it."""
        return max(0.0, self._ends_at - time.monotonic())

    @property
    def passed(self) -> bool:
        """True if the deadline has passed."""
        return time.monotonic() >= self._ends_at

    @contextmanager
    def guards(self, connection: socket.socket) -> Iterator[None]:
        """Shut the connection down at the deadline, within the block."""
        # A duplicate stays open for us when the TLS socket replaces the plain one.
        duplicate = connection.dup()
        watchdog = threading.Timer(self.left_seconds, _shut, [duplicate])
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            duplicate.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _FinalResponse(HTTPResponse):
    """Skips interim responses (RFC 9110 section 15.2); `http.client` knows only 100.

    101 is final here, because no other protocol was requested.
    """

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if found[1] >= FIRST_FINAL or found[1] == SWITCHING_PROTOCOLS:
                return found
            self._skip_fields()
        message = "too many interim responses"
        raise BadStatusLine(message)

    def _skip_fields(self) -> None:
        for _ in range(MAX_INTERIM_LINES):
            line = self.fp.readline(MAX_LINE_BYTES + 1)
            if line in (b"\r\n", b"\n", b""):
                return
        message = "an interim response has too many fields"
        raise BadStatusLine(message)


class _PlainConnection(HTTPConnection):
    """An HTTP connection over an open socket."""

    response_class = _FinalResponse

    def __init__(self, host: str, port: int, opened: socket.socket) -> None:
        super().__init__(host, port, timeout=READ_SECONDS)
        self._opened = opened

    def _new_conn(self) -> socket.socket:
        return self._opened


class _TlsConnection(HTTPSConnection):
    """An HTTPS connection over an open socket; the certificate must be the host's."""

    response_class = _FinalResponse

    def __init__(self, host: str, port: int, opened: socket.socket) -> None:
        super().__init__(host, port, timeout=READ_SECONDS, ssl_context=_tls())
        self._opened = opened

    def _new_conn(self) -> socket.socket:
        return self._opened


@contextmanager
def exchange(
    address: Address,
    *,
    scheme: str,
    host: str,
    port: int,
    target: str,
    headers: Mapping[str, str],
    deadline: Deadline,
    body: bytes | None = None,
) -> Iterator[BaseHTTPResponse]:
    """Make one exchange with `host` at `address`; yield the response before its body is read.

    Args:
        address: a checked address of the host, the only one that is connected to.
        scheme: http or https.
        host: as in the URL, in ASCII; for the Host header and the certificate.
        port: as in the URL.
        target: path and query.
        headers: besides Host.
        deadline: when the exchange ends.
        body: the body to POST; None means GET.

    Raises:
        OSError: there is no connection, TLS failed (ssl.SSLError), or the connection broke.
        urllib3.exceptions.HTTPError, http.client.HTTPException: the response is not valid HTTP.
    """
    opened = socket.create_connection(
        (str(address), port), timeout=min(CONNECT_SECONDS, deadline.left_seconds) or 0.001
    )
    opened.settimeout(READ_SECONDS)
    kind = _TlsConnection if scheme == "https" else _PlainConnection
    connection = kind(host, port, opened)
    with deadline.guards(opened):
        try:
            connection.request(
                "GET" if body is None else "POST",
                target,
                body=body,
                headers=headers,
                preload_content=False,
            )
            wire = connection.sock
            response = connection.getresponse()
            if wire is not None:
                wire.settimeout(deadline.body_pause_seconds)
            try:
                yield response
            finally:
                response.close()
        finally:
            connection.close()
            opened.close()
