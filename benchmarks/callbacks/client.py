"""Clients of one process: many connections that stay open, and callbacks that are signed before.

So the clients take little CPU from the instance, with which they share the machine.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

PATH = "/api/v1/deliveries/callbacks"
FORGED = "v1," + base64.b64encode(bytes(32)).decode()
BUSY = {429, 503}


@dataclass(frozen=True)
class Target:
    """Address, credentials and distributions of the callbacks."""

    port: int
    secret: str
    distributions: tuple[str, ...]
    deliveries: int = 1
    """Deliveries in a callback."""
    status: str = "sent"


@dataclass(frozen=True)
class Message:
    """A request, ready to be sent."""

    data: bytes
    forged: bool = False


@dataclass
class Answers:
    """Statuses of good and of forged callbacks, and the milliseconds of each good one."""

    good: Counter[int] = field(default_factory=Counter)
    forged: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    late: int = 0
    """Callbacks that were not sent in time, because no connection was free."""
    without_retry_after: int = 0
    """Responses 429 and 503 that do not say when to try again."""


def message(
    target: Target, id_: str, *, named: str = "", forged: bool = False, late_seconds: int = 0
) -> Message:
    """Sign a callback. Its deliveries are those of `named`, or new ones."""
    of = target.distributions[hash(id_) % len(target.distributions)]
    reports = [
        {"distribution_id": of, "recipient": f"{named or id_}-{n}", "status": target.status}
        for n in range(target.deliveries)
    ]
    data = reports if len(reports) > 1 else reports[0]
    body = json.dumps({"type": "delivery.updated", "data": data}).encode()
    at = str(int(time.time()) + late_seconds)
    key = base64.b64decode(target.secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id_}.{at}.".encode() + body, hashlib.sha256)
    signature = FORGED if forged else "v1," + base64.b64encode(digest).decode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nwebhook-id: {id_}\r\nwebhook-timestamp: {at}\r\n"
        f"webhook-signature: {signature}\r\n\r\n"
    )
    return Message(head.encode() + body, forged)


class Connection:
    """One connection; it sends a message when it has got the response to the last one."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._sent_at = 0.0
        self._message = Message(b"")

    def fileno(self) -> int:
        """Return the number of its socket."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message."""
        self._message, self._sent_at = message, time.perf_counter()
        self._socket.sendall(message.data)

    def receive(self, answers: Answers) -> bool:
        """Read what has come; count the response and return True if it is complete."""
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError
        self._received += part
        head, end, body = self._received.partition(b"\r\n\r\n")
        headers = head.lower()
        length = headers.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length):
            return False
        self._received = b""
        status = int(head[9:12])
        if self._message.forged:
            answers.forged[status] += 1
        else:
            answers.good[status] += 1
            answers.took.append(1_000 * (time.perf_counter() - self._sent_at))
        answers.without_retry_after += status in BUSY and b"retry-after" not in headers
        return True

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def run(
    port: int, messages: Iterator[Message], connections: int, seconds: float, rate: float = 0.0
) -> Answers:
    """Send messages as fast as responses come, or at a rate, until the time or they are over."""
    found, poll = Answers(), select.epoll()
    free = [Connection(port) for _ in range(connections)]
    by_number = {one.fileno(): one for one in free}
    for one in free:
        poll.register(one, select.EPOLLIN)
    began = time.perf_counter()
    due, over, waits = began, False, 0
    while not over or waits:
        now = time.perf_counter()
        while not over and free and (not rate or due <= now):
            following = next(messages, None) if now - began < seconds else None
            if following is None:
                over = True
                break
            free.pop().send(following)
            waits, due = waits + 1, due + (1 / rate if rate else 0)
        if rate and not over and not free and now - due > 1 / rate:
            skipped = int((now - due) * rate)
            found.late, due = found.late + skipped, due + skipped / rate
        timeout = max(0.0, due - now) if rate and not over and free else 0.05
        for number, _ in poll.poll(timeout):
            if by_number[number].receive(found):
                free.append(by_number[number])
                waits -= 1
        over = over or time.perf_counter() - began >= seconds
    found.seconds = time.perf_counter() - began
    for one in by_number.values():
        one.close()
    return found
