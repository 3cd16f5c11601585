"""A web server on loopback that misbehaves in every way a source can."""

import gzip
import socket
import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

import pytest

from groundwork_core.sources.fetch_outcome import Download, FetchRequest
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.web.fetcher import SafeFetcher

FEED = b"<?xml version='1.0'?><rss version='2.0'><channel><title>t</title></channel></rss>"
MEGABYTE = 1_000_000
TAKES_LONG = {"/drip", "/driphead", "/silent"}


@cache
def _bomb() -> bytes:
    """200 MB in 200 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(200)) + packer.flush()


class Answers(socketserver.StreamRequestHandler):
    """Writes raw bytes, by path."""

    def handle(self) -> None:
        request = self.rfile.readline().decode("latin-1")
        headers: dict[str, str] = {}
        while (line := self.rfile.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        path = request.split(" ")[1]
        assert isinstance(self.server, Server)
        self.server.seen.append((path, headers))
        name = path.split("?")[0].strip("/").split("/")[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # the fetcher has had enough
            getattr(self, f"do_{name}", self.do_missing)(path, headers)

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(head.encode() + b"\r\n" + body)

    def do_missing(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("404 Not Found")

    def do_feed(self, _path: str, headers: dict[str, str]) -> None:
        if headers.get("if-none-match") == '"one"':
            self.answer("304 Not Modified", ETag='"one"')
        else:
            self.answer("200 OK", FEED, ETag='"one"', Last_Modified="Sun, 01 Feb 2026 10:00:00 GMT")

    def do_gzip(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("200 OK", gzip.compress(FEED), Content_Encoding="gzip")

    def do_brokengzip(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("200 OK", b"this is no gzip", Content_Encoding="gzip")

    def do_empty(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("200 OK")

    def do_status(self, path: str, _headers: dict[str, str]) -> None:
        self.answer(f"{path.split('/')[2]} Whatever", Retry_After="120")

    def do_redirect(self, path: str, _headers: dict[str, str]) -> None:
        left = int(path.split("/")[2])
        self.answer("302 Found", Location=f"/redirect/{left - 1}" if left > 1 else "/feed")

    def do_loop(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("301 Moved", Location="/loop")

    def do_to(self, path: str, _headers: dict[str, str]) -> None:
        self.answer("302 Found", Location=path.partition("?")[2])

    def do_huge(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(50):
            self.wfile.write(b"x" * MEGABYTE)

    def do_endless(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.wfile.write(b"x" * 65_536)

    def do_chunks(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.wfile.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")

    def do_bomb(self, _path: str, _headers: dict[str, str]) -> None:
        self.answer("200 OK", _bomb(), Content_Encoding="gzip")

    def do_drip(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1_000):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def do_driphead(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(1_000):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def do_silent(self, _path: str, _headers: dict[str, str]) -> None:
        time.sleep(20)

    def do_held(self, _path: str, _headers: dict[str, str]) -> None:
        """Respond when the test says so."""
        assert isinstance(self.server, Server)
        self.server.let_go.wait(30)
        self.answer("200 OK", FEED)

    def do_together(self, _path: str, _headers: dict[str, str]) -> None:
        """Answer two who ask at the same time, and nobody who is alone."""
        assert isinstance(self.server, Server)
        with suppress(threading.BrokenBarrierError):
            self.server.pair.wait()
            self.answer("200 OK", FEED)

    def do_hangup(self, _path: str, _headers: dict[str, str]) -> None:
        return

    def do_short(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")

    def do_nonsense(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def do_headers(self, _path: str, _headers: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5_000 + b"\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.let_go = threading.Event()
        self.pair = threading.Barrier(2, timeout=15)
        self.port = int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    _bomb()
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(_server: Server) -> Server:
    """The server, with nothing seen yet."""
    _server.seen.clear()
    return _server


@pytest.fixture
def ask(server: Server) -> Callable[..., Download]:
    """Ask the server for a path, with a small limit where the time is what it is about."""
    allowed = AllowedTargets.parse((f"127.0.0.1:{server.port}",))
    hasty, patient = (SafeFetcher(allowed, total_seconds=seconds) for seconds in (2.0, 60.0))

    def ask_(path: str, **validators: str) -> Download:
        fetcher = hasty if path in TAKES_LONG else patient
        return fetcher.ask(
            FetchRequest(server.url(path), validators.get("etag"), validators.get("last_modified"))
        )

    return ask_


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
