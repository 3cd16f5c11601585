"""One connection to Postgres: opened when needed, closed when it is broken."""

from __future__ import annotations

import os
import socket
import time
from contextlib import AbstractContextManager, suppress

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from groundwork_core.errors import Unavailable
from groundwork_data.secret_credentials import FixedUrl, SecretUrl
from groundwork_data.unresponsive_server import POSTGRES, ResponseWatch, is_unresponsive

CONNECT_TIMEOUT_SECONDS = 2
RESPONSE_TEST_SECONDS = 1.0
"""After this time without a response, a new connection tests whether the server responds."""
RECONNECT_PAUSE_SECONDS = 0.25
"""After a failed connect, statements fail at once with Unavailable for this time."""


class ServerConnection:
    """Keeps a connection between events. Not thread-safe."""

    def __init__(
        self, url: str | SecretUrl, *, application_name: str, prepare_threshold: int | None
    ) -> None:
        """`url` is a libpq URL.

        If Postgres refuses a password from a secret, it is read again once.
        """
        self._url = FixedUrl(url) if isinstance(url, str) else url
        self._application_name = application_name
        self._prepare_threshold = prepare_threshold
        self._connection: Connection[TupleRow] | None = None
        self._gone_until = float("-inf")
        self._watch = ResponseWatch(self._is_unresponsive, self._cut)

    def open(self) -> Connection[TupleRow]:
        """Return the connection, opened if there is none.

        Raises:
            Unavailable: the server cannot be reached, or could not be reached a moment ago.
        """
        if self._connection is None or self._connection.closed:
            if time.monotonic() < self._gone_until:
                raise Unavailable("The database cannot be reached.")
            try:
                try:
                    self._connection = self._connect()
                except psycopg.OperationalError:
                    if not self._url.renew():
                        raise
                    self._connection = self._connect()
            except psycopg.OperationalError as error:
                self._gone_until = time.monotonic() + RECONNECT_PAUSE_SECONDS
                raise Unavailable("The database cannot be reached.") from error
        return self._connection

    def fresh(self) -> Connection[TupleRow]:
        """Return a working connection, for statements that must not be retried."""
        connection = self.open()
        return self.open() if self._stale(connection) else connection

    @property
    def is_lost(self) -> bool:
        """True if the connection is missing or broken."""
        return self._connection is None or self._connection.broken or self._connection.closed

    def close(self) -> None:
        """Close the connection; `open` opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def watched(self) -> AbstractContextManager[None]:
        """Close the connection if the server stops responding within the block."""
        return self._watch.broken(after_seconds=RESPONSE_TEST_SECONDS, at_most_seconds=float("inf"))

    def _connect(self) -> Connection[TupleRow]:
        return psycopg.connect(
            self._url.current(),
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name=self._application_name,
            prepare_threshold=self._prepare_threshold,
        )

    def _is_unresponsive(self) -> bool:
        connection = self._connection
        try:
            if connection is None or connection.closed or connection.info.host.startswith("/"):
                return False
            host, port = connection.info.host, connection.info.port
        except psycopg.OperationalError:  # closed meanwhile, in the other thread
            return False
        return is_unresponsive(host, port, POSTGRES)

    def _cut(self) -> None:
        """Shut the socket down from the watching thread; the waiting read then fails."""
        connection = self._connection
        self._gone_until = time.monotonic() + RECONNECT_PAUSE_SECONDS
        with suppress(OSError, psycopg.Error):
            if connection is not None and not connection.closed:
                # The number of a duplicate cannot be reused for another file meanwhile.
                with socket.socket(fileno=os.dup(connection.pgconn.socket)) as duplicate:
                    if connection is self._connection and not connection.closed:
                        duplicate.shutdown(socket.SHUT_RDWR)

    def _stale(self, connection: Connection[TupleRow]) -> bool:
        """Return whether the server has closed the connection; needs no round trip."""
        try:
            # The first read may return the server's last message, the second the end of the stream.
            connection.pgconn.consume_input()
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            connection.close()
            return True
        if connection.pgconn.status != psycopg.pq.ConnStatus.OK:
            connection.close()
            return True
        return False
