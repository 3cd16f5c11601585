"""One server on loopback for every host name; it counts what is in flight for each."""

import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web.polite import PoliteFetcher

AGENT = "Groundwork/0.1 (feed reader; +https://about.example/)"
FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"
Answer = Callable[["Handler"], None]


class ManyHosts(ThreadingHTTPServer):
    """Responses by (host, path); a feed where nothing else is said, and 404 for robots.txt."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.flying: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, host: str, path: str = "/feed") -> str:
        return f"http://{host}:{self.server_address[1]}{path}"

    def of(self, host: str) -> list[str]:
        """The paths that a host was asked for."""
        return [path for name, path in self.asked if name == host]

    def fetcher(self) -> PoliteFetcher:
        """A fetcher that finds every name here."""
        return PoliteFetcher(
            AllowedTargets.parse(("127.0.0.0/8",)), user_agent=AGENT, resolver=_here
        )


class Handler(BaseHTTPRequestHandler):
    server: ManyHosts

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site, host = self.server, self.headers["Host"].split(":")[0]
        self.unanswered = True
        with site.lock:
            site.asked.append((host, self.path))
            site.headers.append(dict(self.headers))
            site.flying[host] += 1
            site.most[host] = max(site.most[host], site.flying[host])
        try:
            plain = missing if self.path == "/robots.txt" else feed
            site.answers.get((host, self.path), plain)(self)
        except OSError:
            self.close_connection = True
        finally:
            self._land()

    def _land(self) -> None:
        """Count the request as answered, once."""
        with self.server.lock:
            self.server.flying[self.headers["Host"].split(":")[0]] -= self.unanswered
            self.unanswered = False

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._land()  # the client may send its next request before this thread goes on
        self.send_response(status)
        for name, value in {**headers, "Content_Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def feed(to: Handler) -> None:
    to.say(200, FEED)


def missing(to: Handler) -> None:
    to.say(404)


def redirect(url: str, status: int = 302) -> Answer:
    return lambda to: to.say(status, Location=url)


def text(body: bytes) -> Answer:
    return lambda to: to.say(200, body, Content_Type="text/plain")


def _here(_host: str, _port: int, _seconds: float) -> list[Address]:
    return [ip_address("127.0.0.1")]
