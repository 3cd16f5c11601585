"""Credentials reach the source's own origin only, whatever redirects say."""

from collections.abc import Iterator

import pytest

from groundwork_core.sources.credentials import SecretHeader, origin_of
from groundwork_core.sources.fetch_outcome import Download, Fetched, FetchRequest
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.web import fetcher
from groundwork_data.web.fetcher import SafeFetcher

from ....feeds import RawServer

FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(FEED), FEED)
SECRET = "Bearer s3cret-token"


@pytest.fixture
def own() -> Iterator[RawServer]:
    with RawServer() as server:
        server.answers["/feed"] = FINAL
        yield server


@pytest.fixture
def other() -> Iterator[RawServer]:
    with RawServer() as server:
        server.answers["/"] = FINAL
        yield server


def to(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


def ask(own: RawServer, path: str) -> Download:
    url = f"http://127.0.0.1:{own.port}{path}"
    secret = SecretHeader(origin_of(url), "Authorization", SECRET)
    fetch = SafeFetcher(AllowedTargets.parse(("127.0.0.0/8",)))
    return fetch.ask(FetchRequest(url, secret=secret))


def got_secret(server: RawServer) -> list[bool]:
    return [one.get("authorization") == SECRET for one in server.headers]


def test_credentials_are_sent_to_the_source_and_after_redirects_within_its_origin(
    own: RawServer,
) -> None:
    own.answers["/moved"] = to("/feed")
    assert isinstance(ask(own, "/moved"), Fetched)
    assert got_secret(own) == [True, True]


def test_another_origin_never_gets_the_credentials(own: RawServer, other: RawServer) -> None:
    own.answers["/moved"] = to(f"http://127.0.0.1:{other.port}/")
    assert isinstance(ask(own, "/moved"), Fetched)
    assert (got_secret(own), got_secret(other)) == ([True], [False])


def test_credentials_are_not_sent_after_a_redirect_away_and_back(
    own: RawServer, other: RawServer
) -> None:
    own.answers["/moved"] = to(f"http://127.0.0.1:{other.port}/back")
    other.answers["/back"] = to(f"http://127.0.0.1:{own.port}/feed")
    assert isinstance(ask(own, "/moved"), Fetched)
    assert (got_secret(own), got_secret(other)) == ([True, False], [False])


def test_without_the_check_of_the_origin_another_server_gets_the_credentials(
    own: RawServer, other: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(fetcher, "origin_of", lambda _: f"http://127.0.0.1:{own.port}")
    own.answers["/moved"] = to(f"http://127.0.0.1:{other.port}/")
    ask(own, "/moved")
    assert got_secret(other) == [True]
