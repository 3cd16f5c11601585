import threading
import tracemalloc
from collections.abc import Callable, Collection
from concurrent import futures
from concurrent.futures import Future
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    FetchRequest,
    Unchanged,
)
from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web import connecting, fetcher
from groundwork_data.web.fetcher import SafeFetcher

if TYPE_CHECKING:
    from tests.integration.data.web.conftest import Server

Asking = Callable[..., Download]


def test_a_fetched_feed_has_the_validators_of_its_response(ask: Asking, server: "Server") -> None:
    answer = ask("/feed")
    assert isinstance(answer, Fetched)
    assert answer.body.startswith(b"<?xml")
    assert (answer.etag, answer.last_modified) == ('"one"', "Sun, 01 Feb 2026 10:00:00 GMT")
    headers = server.seen[0][1]
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["user-agent"].startswith("Groundwork/")


def test_a_known_feed_is_requested_conditionally(ask: Asking, server: "Server") -> None:
    answer = ask("/feed", etag='"one"', last_modified="x")
    assert isinstance(answer, Unchanged)
    assert server.seen[0][1]["if-modified-since"] == "x"


def test_a_compressed_response_is_decompressed(ask: Asking) -> None:
    answer = ask("/gzip")
    assert isinstance(answer, Fetched)
    assert answer.body.startswith(b"<?xml")


def test_redirects_are_followed_and_counted(ask: Asking, server: "Server") -> None:
    answer = ask("/redirect/10")
    assert isinstance(answer, Fetched)
    assert (answer.redirects, answer.url) == (10, server.url("/feed"))


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("/redirect/11", Failure.TOO_MANY_REDIRECTS),
        ("/loop", Failure.TOO_MANY_REDIRECTS),
        ("/to?ftp://example.org/x", Failure.BAD_URL),
        ("/to?file:///etc/passwd", Failure.BAD_URL),
        ("/to?http://user:secret@example.org/", Failure.BAD_URL),
        ("/to?http://169.254.169.254/latest/meta-data/", Failure.BLOCKED_ADDRESS),
        ("/to?http://127.0.0.1:1/", Failure.BLOCKED_ADDRESS),
        ("/missing", Failure.HTTP_4XX),
        ("/status/503", Failure.HTTP_5XX),
        ("/status/300", Failure.HTTP_OTHER),
        ("/huge", Failure.TOO_LARGE),
        ("/chunks", Failure.TOO_LARGE),
        ("/endless", Failure.TOO_LARGE),
        ("/bomb", Failure.TOO_LARGE),
        ("/brokengzip", Failure.BAD_RESPONSE),
        ("/drip", Failure.TOO_SLOW),
        ("/driphead", Failure.TOO_SLOW),
        ("/silent", Failure.TOO_SLOW),
        ("/hangup", Failure.BAD_RESPONSE),
        ("/short", Failure.BAD_RESPONSE),
        ("/nonsense", Failure.BAD_RESPONSE),
        ("/headers", Failure.BAD_RESPONSE),
    ],
)
def test_failures_of_a_source_are_classified_in_time(
    ask: Asking, path: str, failure: Failure
) -> None:
    """The slow ones go on for long after the limit, and end otherwise."""
    answer = ask(path)
    assert isinstance(answer, Failed)
    assert answer.failure is failure, answer


def test_retry_after_is_read(ask: Asking) -> None:
    answer = ask("/status/429")
    assert isinstance(answer, Failed)
    assert answer.retry_after_seconds == 120


def test_a_bomb_takes_no_more_memory_than_the_limit_allows(ask: Asking) -> None:
    tracemalloc.start()
    try:
        ask("/bomb")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The server's own copy of the packed gigabyte is 1 MB.
    assert peak < 30_000_000


def test_without_the_watchdog_slow_headers_outlast_the_time_limit(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_shut", lambda _connection: None)
    done = threading.Event()

    def go() -> None:
        ask("/driphead")
        done.set()

    threading.Thread(target=go, daemon=True).start()
    assert not done.wait(4)


def test_a_port_on_which_nothing_listens_is_a_refused_connection(free_port: int) -> None:
    fetcher = SafeFetcher(AllowedTargets.parse(("127.0.0.0/8",)))
    answer = fetcher.ask(FetchRequest(f"http://127.0.0.1:{free_port}/"))
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.REFUSED


def test_an_unknown_host_name_is_a_failure_of_dns() -> None:
    def nobody(_host: str, _port: int, _seconds: float) -> list[Address]:
        raise OSError("no such name")

    answer = SafeFetcher(AllowedTargets(), resolver=nobody).ask(
        FetchRequest("http://nowhere.example/")
    )
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.DNS


def test_the_address_that_was_checked_is_the_one_connected_to(server: "Server") -> None:
    asked: list[str] = []

    def changes_its_mind(host: str, _port: int, _seconds: float) -> list[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    fetcher = SafeFetcher(
        AllowedTargets.parse((f"feed.example:{server.port}",)), resolver=changes_its_mind
    )
    answer = fetcher.ask(FetchRequest(f"http://feed.example:{server.port}/feed"))
    assert isinstance(answer, Fetched)
    assert asked == ["feed.example"]
    assert server.seen[0][1]["host"] == f"feed.example:{server.port}"


def test_sources_are_fetched_concurrently_and_outcomes_name_them(server: "Server") -> None:
    fetcher = SafeFetcher(AllowedTargets.parse((f"127.0.0.1:{server.port}",)), total_seconds=20.0)
    asked = [FetchRequest(server.url(p)) for p in ("/together", "/feed", "/together", "/missing")]
    kinds = {place: type(answer) for place, answer in fetcher(asked)}
    assert kinds == {0: Fetched, 1: Fetched, 2: Fetched, 3: Failed}


def test_a_quick_response_does_not_wait_for_a_slow_one(server: "Server") -> None:
    """The slow one is let go when the quick ones have come."""
    fetcher = SafeFetcher(AllowedTargets.parse((f"127.0.0.1:{server.port}",)), total_seconds=30.0)
    answers = fetcher(
        [
            FetchRequest(server.url("/held")),
            FetchRequest(server.url("/feed")),
            FetchRequest(server.url("/no")),
        ]
    )
    assert {next(answers)[0], next(answers)[0]} == {1, 2}
    server.let_go.set()
    place, answer = next(answers)
    assert (place, type(answer)) == (0, Fetched)


def test_the_smallest_received_response_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_self: SafeFetcher, one: FetchRequest) -> Download:
        return Fetched(b"x" * int(one.url), one.url)

    def wait_for_all(asked: Collection[Future[Download]], *_: object, **__: object) -> object:
        return futures.wait(asked)

    monkeypatch.setattr(SafeFetcher, "ask", ask)
    monkeypatch.setattr(fetcher, "wait", wait_for_all)
    answers = SafeFetcher(AllowedTargets())([FetchRequest(str(size)) for size in (5, 1, 3)])
    assert [place for place, _ in answers] == [1, 2, 0]
