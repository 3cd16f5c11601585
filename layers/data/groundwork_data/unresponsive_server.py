"""Calls to a server that has gone silent are cut off.

A connection that stands may swallow everything: the machine behind it froze, or something between
forwards no more. A driver would read from it for ever, and no time limit that the server keeps
helps. So whoever has waited for a while without an answer is looked after: a server that does not
even greet a new connection is silent, and one that does is busy and may take its time.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BOLT = bytes.fromhex("6060b017 00000805 00000004 00000000 00000000")
"""What opens a Bolt connection: the protocol's mark, and versions that we would speak."""
POSTGRES = bytes.fromhex("00000008 04d2162f")
"""SSLRequest: a server, or what stands for it, says in one byte whether it speaks TLS."""

GREETING_SECONDS = 1.0
TICK_SECONDS = 0.2
IDLE_SECONDS = 5.0


def is_unresponsive(host: str, port: int, greeting: bytes) -> bool:
    """Say whether a server leaves a greeting unanswered. Refusing, or hanging up, is an answer."""
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
    """When to look whether the server is silent."""
    patience: float
    ends: float


class ResponseWatch:
    """Watches calls to one server, from a thread that lives while there are any."""

    def __init__(self, is_silent: Callable[[], bool], cut: Callable[[], None]) -> None:
        """Take what tells whether the server is silent, and what breaks the calls off."""
        self._is_silent = is_silent
        self._cut = cut
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def broken(self, *, after_seconds: float, at_most_seconds: float) -> Iterator[None]:
        """Break what runs inside off: when the server turns out to be silent, or at the latest.

        `after_seconds` without an answer begin the doubt. A tick of 0.2 s and the greeting come on
        top.
        """
        now = time.monotonic()
        call = _Call(now + after_seconds, after_seconds, now + at_most_seconds)
        with self._lock:
            self._calls.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="silence", daemon=True)
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
        return self._is_silent()
