"""A web server on loopback that serves feeds and faulty responses of a test."""

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


def rss(publisher: str, site: str, entries: list[dict[str, str]]) -> bytes:
    """An RSS feed. Each entry has a title, and what else it should state: author, topic, link."""
    items = "".join(
        f"<item><guid>{site}/{n}</guid><title>{entry['title']}</title>"
        f"<link>{site}/{n}</link><dc:creator>{entry.get('author', 'Ada Verne')}</dc:creator>"
        f"<category>{entry.get('topic', 'Harbours')}</category>"
        f"<description>&lt;p&gt;See &lt;a href='{entry.get('link', 'https://charts.example.org/a')}"
        "'&gt;the chart&lt;/a&gt;.&lt;/p&gt;</description></item>"
        for n, entry in enumerate(entries)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{publisher}</title><link>{site}</link>{items}</channel></rss>"
    ).encode()


def page(body: bytes, content_type: str = "application/rss+xml") -> Answer:
    """Respond with 200 and a body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    """Respond with 200 and go on for ever."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"<!-- more -->" * 1000)


def absent(request: BaseHTTPRequestHandler) -> None:
    """Respond with 404."""
    request.send_error(404)


class FeedServer:
    """Serves `answers` by path. Used as `with FeedServer() as feeds:`."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                try:
                    outer.answers.get(self.path, absent)(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as above
                """Keep the terminal clear."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False

    def __enter__(self) -> "FeedServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"


class RawServer:
    """Responds with raw bytes, by path: what no HTTP library would send.

    Used as `with RawServer() as raw:`. A response may be a function of the request's headers.
    """

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[dict[str, str]], bytes]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                path = self.rfile.readline().decode("latin-1").split(" ")[1]
                headers: dict[str, str] = {}
                while (line := self.rfile.readline().decode("latin-1").strip()) != "":
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                outer.asked.append(path)
                outer.headers.append(headers)
                answer = outer.answers.get(path, b"HTTP/1.1 404 Not Found\r\n\r\n")
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(answer if isinstance(answer, bytes) else answer(headers))

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "RawServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
