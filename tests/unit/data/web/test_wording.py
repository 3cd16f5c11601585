"""A document's hash changes with what its publisher says, not with how we clean it."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groundwork_core.documents.model import Entry
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web import entries as reading
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.html import Cleaned
from groundwork_data.web.wording import wording

TEXT = '<p>See <a href="/a">the chart</a> <img src="/i.png"> &amp; more.</p>'


def entry(html: str) -> Entry:
    item = f"<item><guid>1</guid><description><![CDATA[{html}]]></description></item>"
    feed = f"<rss version='2.0'><channel><link>https://x.example/</link>{item}</channel></rss>"
    now = datetime(2026, 3, 1, tzinfo=UTC)
    outcome = read_feed(Fetched(feed.encode(), "https://x.example/feed", "text/xml"), now)
    assert isinstance(outcome, ParsedFeed)
    return outcome.entries[0]


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("chart", "map"),
        TEXT.replace("/a", "/b"),
        TEXT.replace("/i.png", "/j.png"),
        TEXT.replace("<p>", "<div>"),
        TEXT.replace("more", "<b>more</b>"),
        TEXT + "<ul><li>",
        TEXT.replace('src="/i.png"', 'data-src="/j.png"'),
    ],
)
def test_a_change_by_the_publisher_changes_the_hash(other: str) -> None:
    assert entry(other).content_hash() != entry(TEXT).content_hash()


@pytest.mark.parametrize(
    "other",
    [
        TEXT + "<!-- made at 12:03:07 -->",
        TEXT + "<script>var made = 12;</script>",
        TEXT + "<style>#g-5f3a { margin: auto }</style>",
        TEXT.replace("<p>", '<p id="gallery-5f3a" class="c-77" onclick="x(7)">'),
        TEXT.replace(" ", "\n  "),
    ],
)
def test_generated_parts_of_html_do_not_change_the_hash(other: str) -> None:
    assert entry(other).content_hash() == entry(TEXT).content_hash()


def other_cleaner(html: str, base: str | None, page: str | None = None) -> Cleaned:
    """A cleaner that lists no element at all."""
    return Cleaned("See the chart", ("https://else.example/",), wording(html))


def test_a_new_way_of_cleaning_makes_no_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    before = entry(TEXT)
    monkeypatch.setattr(reading, "clean", other_cleaner)
    after = entry(TEXT)
    assert (after.summary, after.links) != (before.summary, before.links)
    assert after.content_hash() == before.content_hash()


def test_a_hash_of_cleaned_html_changes_with_the_cleaner(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the guard disabled: what is cleaned is hashed."""
    before = replace(entry(TEXT), wording="").content_hash()
    monkeypatch.setattr(reading, "clean", other_cleaner)
    assert replace(entry(TEXT), wording="").content_hash() != before


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<a ", "<!--", "<script>", "<a href=", "<a href='", "</", "a='", "&", "<a data-"],
)
def test_the_wording_takes_linear_time(piece: str) -> None:
    started = time.process_time()
    wording(piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 10
