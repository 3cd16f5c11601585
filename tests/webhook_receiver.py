"""A web server on loopback that receives webhooks; each path has the responses that a test sets."""

import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from .standard_webhooks import verified

Answer = Callable[["Answers", "Received"], None]
FOREVER_SECONDS = 60


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def event(self, secret: str) -> Any:
        """The body, after both verifiers have found the signature good."""
        return verified(secret, self.headers, self.body)


class Answers(socketserver.StreamRequestHandler):
    """Reads a request and writes raw bytes."""

    timeout = 30

    def handle(self) -> None:
        with suppress(OSError):  # the sender has had enough
            request = self.rfile.readline().decode("latin-1")
            headers: dict[str, str] = {}
            while (line := self.rfile.readline().decode("latin-1").strip()) != "":
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            assert isinstance(self.server, Server)
            self.server.receiver.got(self, Received(request.split(" ")[1], headers, body))

    def say(self, status: int, body: str = "", **headers: str) -> None:
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(f"{head}\r\n{body}".encode())


class Server(socketserver.ThreadingTCPServer):
    """Knows the receiver."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False
    receiver: "Receiver"


class Receiver:
    """Keeps the requests by path; responds with 204 unless a test sets another response."""

    def __init__(self, server: Server) -> None:
        self._lock = threading.Lock()
        self.port = int(server.server_address[1])
        self.all: list[Received] = []
        self.answers: dict[str, Answer] = {}
        self.over = threading.Event()
        server.receiver = self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def allowed(self) -> str:
        """The setting that lets it be reached."""
        return f"127.0.0.1:{self.port}"

    def got(self, answers: Answers, received: Received) -> None:
        with self._lock:
            self.all.append(received)
        self.answers.get(received.path, answering(204))(answers, received)

    def at(self, path: str) -> list[Received]:
        with self._lock:
            return [one for one in self.all if one.path == path]

    def by_path(self) -> dict[str, list[Received]]:
        found = defaultdict(list)
        with self._lock:
            for one in self.all:
                found[one.path].append(one)
        return found

    def hang(self, _to: Answers, _of: Received) -> None:
        """Send no response."""
        self.over.wait(FOREVER_SECONDS)

    def stream(self, to: Answers, _of: Received) -> None:
        """Respond with 200 and a body that never ends."""
        to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not self.over.wait(0.05):
            to.wfile.write(b"more ")

    def drip(self, to: Answers, _of: Received) -> None:
        """Begin a response that never gets to its end."""
        to.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.over.wait(0.2):
            to.wfile.write(b"X-More: yes\r\n")


def answering(status: int, body: str = "", **headers: str) -> Answer:
    """Always the same response."""
    return lambda to, _: to.say(status, body, **headers)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for the length of a `with` block."""
    server = Server(("127.0.0.1", 0), Answers)
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
