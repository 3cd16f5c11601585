"""Serve the sample feeds on loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

FEEDS = Path(__file__).with_name("feeds")


class FeedServer:
    """HTTP server of the sample feeds, used as `with FeedServer(port) as server`.

    Raises OSError if the port is in use.
    """

    def __init__(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="feeds", daemon=True
        )
        self.urls = {
            path.stem: f"http://127.0.0.1:{self._server.server_port}/{path.name}"
            for path in sorted(FEEDS.glob("*.xml"))
        }

    def __enter__(self) -> Self:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {f"/{path.name}": path for path in FEEDS.glob("*.xml")}
        path = known.get(self.path)
        if path is None:
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Log nothing: the demo shows the progress."""
