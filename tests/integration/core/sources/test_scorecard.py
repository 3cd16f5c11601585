"""200 polls of one source over real HTTP follow the rules of a feed reader score test."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from groundwork_core.sources.rows import SourceRow
from groundwork_core.sources.start_watching import start_watching
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.web.polite import PoliteFetcher

from .conftest import HOURLY

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import HeldClock, Path

POLLS = 200
AGENT = "Groundwork/0.1 (feed reader; +https://about.example/)"
ETAG = 'W/"a,b  c;%22d"'
LAST_MODIFIED = "Sun, 1 Mar 2026 9:00:00 GMT"
FEED = b"<rss version='2.0'><channel><title>T</title><ttl>90</ttl></channel></rss>"


class Publisher(ThreadingHTTPServer):
    """Remembers when it was asked, and until when it asked to be left alone."""

    daemon_threads = True

    def __init__(self, clock: "HeldClock") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.clock = clock
        self.asked: list[tuple[datetime, dict[str, str]]] = []
        self.robots: list[datetime] = []
        self.faults: list[str] = []
        self.not_before = clock.now()


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        now, site = self.server.clock.now(), self.server
        if self.path == "/robots.txt":
            site.robots.append(now)
            self.send_response(404)
            self.end_headers()
            return
        if now < site.not_before:
            site.faults.append(f"asked {site.not_before - now} too early")
        site.asked.append((now, dict(self.headers)))
        number = len(site.asked)
        if number % 10 == 0:
            self._answer(429 if number % 20 else 503, {"Retry-After": "14400"}, 14_400)
        elif number % 10 == 5:
            self._answer(304, {"Cache-Control": "max-age=10800"}, 10_800)
        else:
            known = self.headers.get("If-None-Match") == ETAG
            cookie = {"Set-Cookie": "id=1; Max-Age=99999999"}
            self._answer(304 if known else 200, cookie, 5_400)

    def _answer(self, status: int, headers: dict[str, str], pause_seconds: int) -> None:
        self.server.not_before = self.server.clock.now() + timedelta(seconds=pause_seconds)
        self.send_response(status)
        for name, value in {**headers, "ETag": ETAG, "Last-Modified": LAST_MODIFIED}.items():
            self.send_header(name, value)
        self.end_headers()
        if status == 200:
            self.wfile.write(FEED)


@pytest.fixture
def publisher(path: "Path") -> Iterator[Publisher]:
    with Publisher(path.clock) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def watched(path: "Path", publisher: Publisher, polls: int = POLLS) -> None:
    """Let a source be polled as often, each time as soon as it is due."""
    address = f"127.0.0.1:{publisher.server_address[1]}"
    allowed = AllowedTargets.parse((address,))
    path.web = PoliteFetcher(allowed, user_agent=AGENT)  # type: ignore[assignment]
    url = f"http://{address}/feed"
    with path.work() as work:
        made = work.sources.add([SourceRow(url, url, HOURLY)])
        start_watching(list(made.values()), work=work, now=path.clock.now())
    path.rows("UPDATE hosts SET min_delay_ms = 0 RETURNING 1")
    for _ in range(polls):
        path.fetch(path.due()[-1:])
        path.clock.moment = path.value("SELECT next_poll_at FROM source_states")
        with path.work() as work:
            now = path.clock.now()
            work.publish(*work.sources.claim_due(now, now + timedelta(minutes=15), 10))


def test_polls_of_a_feed_break_no_rule_of_its_publisher(path: "Path", publisher: Publisher) -> None:
    watched(path, publisher)
    assert len(publisher.asked) == POLLS
    assert publisher.faults == []
    (_, first), *others = publisher.asked
    assert "If-None-Match" not in first
    for _, headers in others:
        assert headers["If-None-Match"] == ETAG
        assert headers["If-Modified-Since"] == LAST_MODIFIED
    for _, headers in publisher.asked:
        assert headers["User-Agent"] == AGENT
        assert not {"Cookie", "Referer", "Authorization"} & set(headers)
    gaps = [later - before for before, later in pairwise(publisher.robots)]
    assert min(gaps) >= timedelta(days=1)


def test_the_publisher_in_these_tests_notices_a_poll_that_comes_early(
    path: "Path", publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_data.web.fetcher.fresh_seconds", lambda _headers: None)
    watched(path, publisher, 12)
    assert publisher.faults != []
