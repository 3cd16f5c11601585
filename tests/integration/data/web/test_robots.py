"""robots.txt over real HTTP: obeyed, cached, bounded, and never a way around the guard."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groundwork_core.hosts.robots import READ_BYTES, UNREACHABLE_SECONDS
from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched, FetchRequest
from groundwork_core.sources.robots_known import KnownRobots, RobotsRule
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.web import fetcher, polite
from groundwork_data.web.fetcher import MAX_REDIRECTS
from groundwork_data.web.polite import PoliteFetcher
from groundwork_data.web.robots_text import allows, crawl_delay

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AGENT = "Groundwork/0.1 (feed reader; +https://about.test/)"
REFUSE_ALL = b"User-agent: *\nDisallow: /\n"
MORE = b"# more and more\n" * 4_096
HUGE_BYTES = 100_000_000


class Site(ThreadingHTTPServer):
    """Serves one robots.txt, and a feed at any other path; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.robots, self.endless = 200, b"", False
        self.sent_bytes = 0
        self.location = ""
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        if not self.path.startswith("/robots.txt"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<rss/>")
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        try:
            self.wfile.write(self.server.robots)
            while self.server.endless and self.server.sent_bytes < HUGE_BYTES:
                self.server.sent_bytes += self.wfile.write(MORE)
        except OSError:
            return


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def ask(site: Site, known: KnownRobots | None = None, *, obeys: bool = True) -> Download:
    allowed = AllowedTargets.parse((site.url.removeprefix("http://"),))
    fetcher = PoliteFetcher(allowed, user_agent=AGENT)
    rule = RobotsRule(known, NOW, 0.0) if obeys else None
    ((_, answer),) = fetcher([FetchRequest(f"{site.url}/feed", robots=rule)])
    return answer


def paths(site: Site) -> list[str]:
    return [path for path, _ in site.asked]


def test_a_source_that_robots_txt_refuses_is_not_fetched(site: Site) -> None:
    site.robots = REFUSE_ALL
    answer = ask(site)
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.ROBOTS
    assert paths(site) == ["/robots.txt"]
    assert answer.transfer.requests == 1


def test_a_source_that_robots_txt_refuses_is_fetched_where_robots_txt_is_not_obeyed(
    site: Site,
) -> None:
    site.robots = REFUSE_ALL
    assert isinstance(ask(site, obeys=False), Fetched)
    assert paths(site) == ["/feed"]


def test_a_known_robots_txt_is_not_fetched_again_until_it_expires(site: Site) -> None:
    site.robots = b"User-agent: Groundwork\nCrawl-delay: 7\nDisallow: /x\n"
    first = ask(site)
    known = first.transfer.robots
    assert known is not None
    assert (known.status, known.crawl_delay_seconds) == ("found", 7.0)
    assert known.expires_at == NOW + timedelta(days=1)
    assert isinstance(ask(site, known), Fetched)
    assert paths(site) == ["/robots.txt", "/feed", "/feed"]
    expired = KnownRobots(known.origin, "found", NOW, NOW, known.body)
    ask(site, expired)
    assert paths(site)[3:] == ["/robots.txt", "/feed"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refused_robots_txt_allows_all(site: Site, status: int) -> None:
    site.status, site.robots = status, REFUSE_ALL
    answer = ask(site)
    assert isinstance(answer, Fetched)
    assert answer.transfer.robots is not None
    assert (answer.transfer.robots.status, answer.transfer.requests) == ("none", 2)


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_robots_txt_refuses_all_for_a_while(site: Site, status: int) -> None:
    site.status = status
    answer = ask(site)
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.ROBOTS_UNREACHABLE
    assert answer.transfer.robots is not None
    assert answer.transfer.robots.expires_at == NOW + timedelta(seconds=UNREACHABLE_SECONDS)
    assert paths(site) == ["/robots.txt"]


def test_the_beginning_of_an_endless_robots_txt_is_read(site: Site) -> None:
    site.robots, site.endless = REFUSE_ALL, True
    began = time.monotonic()
    answer = ask(site)
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.ROBOTS
    assert answer.transfer.robots is not None
    assert len(answer.transfer.robots.body) == READ_BYTES
    assert time.monotonic() - began < 60


def test_only_the_beginning_of_a_100_mb_robots_txt_is_read(site: Site) -> None:
    site.endless = True
    ask(site)
    assert site.sent_bytes < HUGE_BYTES / 2  # what the sockets' buffers hold besides


def test_without_the_byte_limit_all_of_a_100_mb_robots_txt_is_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(polite, "READ_BYTES", 10 * HUGE_BYTES)
    monkeypatch.setattr(polite, "ROBOTS_SECONDS", 300.0)
    site.endless = True
    ask(site)
    assert site.sent_bytes >= HUGE_BYTES


def test_a_robots_txt_that_redirects_forever_allows_all(site: Site) -> None:
    site.status, site.location = 302, "/robots.txt?again"
    assert isinstance(ask(site), Fetched)
    assert len(site.asked) == MAX_REDIRECTS + 2


def test_without_the_limit_of_redirects_robots_txt_is_requested_again_and_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(fetcher, "MAX_REDIRECTS", 40)
    site.status, site.location = 302, "/robots.txt?again"
    ask(site)
    assert len(site.asked) > MAX_REDIRECTS + 2


def test_robots_txt_that_redirects_to_a_private_address_is_not_requested_there(site: Site) -> None:
    with Site() as inside:
        site.status, site.location = 302, f"{inside.url}/robots.txt"
        answer = ask(site)
        assert isinstance(answer, Failed)
        assert inside.asked == []


def test_without_the_check_of_addresses_robots_txt_redirects_to_a_private_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(AllowedTargets, "permits", lambda *_: True)
    with Site() as inside:
        threading.Thread(target=inside.serve_forever, args=(0.05,), daemon=True).start()
        site.status, site.location = 302, f"{inside.url}/robots.txt"
        ask(site)
        assert paths(inside) == ["/robots.txt"]
        inside.shutdown()


def test_requests_have_our_user_agent_and_nothing_else(site: Site) -> None:
    ask(site)
    for _, headers in site.asked:
        assert headers["User-Agent"] == AGENT
        assert not {"Cookie", "Referer"} & set(headers)


def test_a_rule_with_many_wildcards_does_not_take_long() -> None:
    url = "https://a.test/" + "a" * 2_000
    text = "User-agent: *\nDisallow: /" + "*a" * 30 + "b$\nAllow: /" + "*a" * 30 + "b$\n"
    began = time.monotonic()
    assert not allows(text, url, "Groundwork")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/feed", True),
        ("User-agent: *\nDisallow: /feed", "/feed", False),
        ("User-agent: *\nDisallow: /feed", "/other", True),
        ("User-agent: other\nDisallow: /", "/feed", True),
        ("User-agent: groundwork\nDisallow:\n\nUser-agent: *\nDisallow: /", "/feed", True),
        ("User-agent: *\nDisallow: /\nAllow: /feed$", "/feed", True),
        ("User-agent: *\nDisallow: /*.xml$", "/a/b.xml", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/feed", False),
        ("nonsense \x01\x02", "/feed", True),
    ],
)
def test_rules_are_read_as_rfc_9309_says(text: str, path: str, allowed: object) -> None:
    assert allows(text, f"https://a.test{path}", "Groundwork") is allowed


def test_a_crawl_delay_is_read() -> None:
    assert crawl_delay("User-agent: *\nCrawl-delay: 2.5", "Groundwork") == 2.5
    assert crawl_delay("User-agent: *\nCrawl-delay: soon", "Groundwork") is None
