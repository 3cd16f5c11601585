"""Feeds that are made to eat memory or time."""

import resource
import time
from datetime import UTC, datetime

import pytest

from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web import feeds
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.time_limit import TooLong, cpu_seconds

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def laughs(levels: int) -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]><rss version="2.0"><channel>'
        f"<title>&a{levels - 1};</title><item><guid>1</guid><title>&a{levels - 1};</title></item>"
        "</channel></rss>"
    ).encode()


def quadratic() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "' + b"x" * 100_000 + b'">]>'
        b'<rss version="2.0"><channel><title>' + b"&a;" * 10_000 + b"</title></channel></rss>"
    )


HOSTILE = {
    "a billion laughs": laughs(10),
    "quadratic entities": quadratic(),
    "deep nesting": b"<rss version='2.0'><channel>" + b"<a>" * 200_000,
    "deep html": b"<rss version='2.0'><channel><item><description>"
    + b"&lt;b&gt;" * 100_000
    + b"</description></item></channel></rss>",
    "open tags": b"<rss>" + b"<" * 1_000_000,
    "open comments": b"<rss>" + b"<!--" * 200_000,
    "open declarations": b"<rss>" + b"<![" * 200_000,
    "html comments": b"<rss version='2.0'><channel><item><description>"
    + b"&lt;!--" * 150_000
    + b"</description></item></channel></rss>",
    "attributes": b"<rss><channel><item " + b"a='b' " * 200_000,
    "many entries": b"<rss version='2.0'><channel>" + b"<item/>" * 200_000,
}


# The limit may strike in a callback of the garbage collector, which swallows it; it strikes again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_feed_takes_limited_time_and_memory(name: str) -> None:
    body = HOSTILE[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    outcome = read_feed(Fetched(body, "https://feed.example/"), NOW)
    allowed = feeds.CPU_SECONDS + feeds.CPU_SECONDS_PER_MB * len(body) / 1_000_000
    assert time.process_time() - started < allowed + 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000
    assert isinstance(outcome, ParsedFeed | Failed)
    assert len(repr(outcome)) < 10_000_000


def test_endless_work_is_stopped() -> None:
    def forever() -> None:
        while True:
            try:
                sum(range(1_000))
            except Exception:  # noqa: S112 - as a library might
                continue

    with pytest.raises(TooLong), cpu_seconds(0.2):
        forever()


def test_a_feed_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "CPU_SECONDS", 0.05)
    monkeypatch.setattr(feeds, "CPU_SECONDS_PER_MB", 0.0)
    body = b"<rss version='2.0'><channel>" + b"<item><title>t</title></item>" * 20_000
    outcome = read_feed(Fetched(body, "https://feed.example/"), NOW)
    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.TOO_COMPLEX
