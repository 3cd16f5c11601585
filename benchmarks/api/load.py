"""The load: keep-alive clients over raw sockets, in one process and one thread.

Two ways. Closed: each client sends its next request when it has the answer to the last, and so
finds the most that a server gives. Open: requests are due at a constant rate, whatever the server
does, and a latency counts from the moment it was due, so a server that stalls cannot hide it.
Every latency is kept, so percentiles are exact.
"""

from __future__ import annotations

import gc
import math
import selectors
import socket
import time
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

READ_BYTES = 262_144
DRAIN_SECONDS = 10.0
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


class Job(Protocol):
    """The requests of the clients."""

    name: str
    status: int
    """The status of a good answer."""

    def request(self, client: int) -> bytes:
        """Return the client's next request."""
        ...

    def heard(self, client: int, head: bytes) -> None:
        """Keep the status line and headers of a good response."""
        ...


@dataclass(frozen=True)
class Heard:
    """The results. Latencies are those of good answers."""

    seconds: float
    offered: int
    latencies: array[float]
    errors: int

    @property
    def per_second(self) -> float:
        """Good answers."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Return an exact percentile (nearest rank) in milliseconds; 0 where nothing was heard."""
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        rank = math.ceil(percent / 100 * len(ordered))
        return round(ordered[max(0, rank - 1)] * 1_000, 2)


class _Client:
    """One connection."""

    __slots__ = ("address", "buffer", "due", "number", "socket", "waiting")

    def __init__(self, number: int, address: tuple[str, int]) -> None:
        self.number, self.address = number, address
        self.buffer = b""
        self.due = 0.0
        self.waiting = False
        self.socket: socket.socket

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self.buffer, self.waiting = b"", False


class Load:
    """So many clients at one or more addresses, doing one job."""

    def __init__(
        self, address: tuple[str, int], job: Job, clients: int, *more: tuple[str, int]
    ) -> None:
        """Connect them all; with more addresses, to each in turn."""
        self._job = job
        self._selector = selectors.DefaultSelector()
        places = (address, *more)
        self._clients = [_Client(one, places[one % len(places)]) for one in range(clients)]
        self._latencies: array[float] = array("d")
        self._errors = 0
        for client in self._clients:
            client.connect()
            self._selector.register(client.socket, selectors.EVENT_READ, client)

    def closed(self, seconds: float) -> Heard:
        """Let every client ask again at once; answers after the end do not count."""
        with _no_collections():
            began = time.perf_counter()
            ends = began + seconds
            for client in self._clients:
                self._send(client, time.perf_counter())
            now = began
            while now < ends:
                for client in self._answered(ends - now):
                    self._send(client, time.perf_counter())
                now = time.perf_counter()
            heard = Heard(now - began, len(self._latencies), self._latencies, self._errors)
            self._finish()
        return heard

    def open(self, rate: float, seconds: float) -> Heard:
        """Offer a constant rate. What has no free client waits for one, and that counts."""
        free = deque(self._clients)
        due: deque[float] = deque()
        offered, total = 0, int(rate * seconds)
        with _no_collections():
            began = time.perf_counter()
            while True:
                now = time.perf_counter()
                while offered < total and began + offered / rate <= now:
                    due.append(began + offered / rate)
                    offered += 1
                while due and free:
                    self._send(free.popleft(), due.popleft())
                done = len(self._latencies) + self._errors
                if done >= total or now - began > seconds + DRAIN_SECONDS:
                    break
                wait = began + offered / rate - now if offered < total else 0.1
                free.extend(self._answered(max(0.0, wait)))
            unanswered = total - len(self._latencies) - self._errors
            self._finish()
        return Heard(seconds, total, self._latencies, self._errors + unanswered)

    def _send(self, client: _Client, due: float) -> None:
        client.due, client.waiting = due, True
        client.socket.send(self._job.request(client.number))

    def _answered(self, timeout: float) -> Iterator[_Client]:
        for key, _ in self._selector.select(timeout):
            if self._read(key.data):
                yield key.data

    def _read(self, client: _Client) -> bool:
        """Process received bytes; return whether the client is free again."""
        try:
            part = client.socket.recv(READ_BYTES)
        except OSError:
            part = b""
        if not part:
            self._lost(client)
            return True
        data = client.buffer + part if client.buffer else part
        head_end = data.find(HEAD_END)
        if head_end < 0 or len(data) < head_end + 4 + _length(data, head_end):
            client.buffer = data
            return False
        latency = time.perf_counter() - client.due
        client.buffer, client.waiting = b"", False
        if data[9:12] == b"%d" % self._job.status:
            self._latencies.append(latency)
            self._job.heard(client.number, data[:head_end])
        else:
            self._errors += 1
        return True

    def _lost(self, client: _Client) -> None:
        """Count a connection that broke, and make another."""
        self._errors += client.waiting
        self._selector.unregister(client.socket)
        client.socket.close()
        client.connect()
        self._selector.register(client.socket, selectors.EVENT_READ, client)

    def _finish(self) -> None:
        """Hear out what is under way, so that the next run begins where this one ended; close."""
        counted, self._latencies = self._latencies, array("d")
        ends = time.perf_counter() + DRAIN_SECONDS
        while any(client.waiting for client in self._clients) and time.perf_counter() < ends:
            for _ in self._answered(0.1):
                pass
        self._latencies = counted
        for client in self._clients:
            self._selector.unregister(client.socket)
            client.socket.close()
        self._selector.close()


def _length(data: bytes, head_end: int) -> int:
    """Length of the body according to the head."""
    head = data[:head_end].lower()
    at = head.find(LENGTH)
    if at < 0:
        return 0
    line_end = head.find(b"\r\n", at + len(LENGTH))
    return int(head[at + len(LENGTH) : line_end if line_end > 0 else head_end])


@contextmanager
def _no_collections() -> Iterator[None]:
    """The garbage collector would pause every client at once."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
