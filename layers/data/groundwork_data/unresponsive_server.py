"""Close connections to a server that does not respond.

An open connection may never return a response, because the server's machine froze or the network
drops packets. A driver would wait for ever, and time limits in the server do not help. So after
some time without a response, a new connection is opened. A server that does not greet it is
unresponsive; a server that does is busy and may take longer.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BOLT = bytes.fromhex("6060b017 00000805 00000004 00000000 00000000")
"""The handshake of Bolt: the protocol's magic number, and supported versions."""
POSTGRES = bytes.fromhex("00000008 04d2162f")
"""SSLRequest of Postgres: the server, or its proxy, answers with one byte whether it uses TLS."""

GREETING_SECONDS = 1.0
TICK_SECONDS = 0.2
IDLE_SECONDS = 5.0


def is_unresponsive(host: str, port: int, greeting: bytes) -> bool:
    """Return whether a server leaves a greeting unanswered; a refusal counts as an answer."""
    ends = time.monotonic() + GREETING_SECONDS
    try:
        with socket.create_connection((host, port), timeout=GREETING_SECONDS) as connection:
            connection.settimeout(max(ends - time.monotonic(), 0.01))
            connection.sendall(greeting)
            connection.recv(4)
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


@dataclass(slots=True)
class _Call:
    doubts: float
    """Time of the next test of the server."""
    patience: float
    ends: float


class ResponseWatch:
    """Watches calls to one server from a thread, which ends when there are none."""

    def __init__(self, is_unresponsive: Callable[[], bool], cut: Callable[[], None]) -> None:
        """`is_unresponsive` tests the server; `cut` interrupts the calls."""
        self._is_unresponsive = is_unresponsive
        self._cut = cut
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def broken(self, *, after_seconds: float, at_most_seconds: float) -> Iterator[None]:
        """Interrupt the calls in the block if the server does not respond, or at the latest limit.

        The server is tested after each `after_seconds` without a response. The time of a test and
        up to 0.2 s are added.
        """
        now = time.monotonic()
        call = _Call(now + after_seconds, after_seconds, now + at_most_seconds)
        with self._lock:
            self._calls.append(call)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="response-watch", daemon=True
                )
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)

    def _watch(self) -> None:
        busy = time.monotonic()
        while True:
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            with self._lock:
                calls = list(self._calls)
                if calls:
                    busy = now
                elif now - busy > IDLE_SECONDS:
                    self._thread = None
                    return
            if any(now >= call.ends for call in calls) or self._doubtful(calls, now):
                self._cut()

    def _doubtful(self, calls: list[_Call], now: float) -> bool:
        doubted = [call for call in calls if now >= call.doubts]
        if not doubted:
            return False
        for call in doubted:
            call.doubts = now + call.patience
        return self._is_unresponsive()
