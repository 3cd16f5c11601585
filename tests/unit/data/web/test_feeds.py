import gzip
import os
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from groundwork_core.documents.model import Entry
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web import feeds
from groundwork_data.web.feeds import read_feed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "https://feed.example/blog/feed.xml"
RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>A &amp;amp; B</title><link>https://site.example/</link><language>de_AT</language>
{items}
</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://site.example/1</link><guid>tag:1</guid>
<dc:creator>Ada Lovelace</dc:creator><category>Science</category><category>science</category>
<pubDate>Sun, 01 Feb 2026 10:00:00 +0100</pubDate>
<description>Short &lt;b&gt;one&lt;/b&gt;</description>
<content:encoded><![CDATA[<p>Über <a href="/x">x</a> <a href="https://other.example/y">y</a></p>
<script>alert(1)</script>]]></content:encoded></item>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom">
<title type="html">T &lt;i&gt;t&lt;/i&gt;</title>
<link href="https://site.example/"/><author><name>Feed Author</name></author>
<entry><id>urn:1</id><title>Text with &lt;angle&gt; brackets</title>
<link href="https://site.example/1"/><updated>2026-02-01T00:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content></entry>
<entry><id>urn:2</id><author><name>Own</name></author><title>2</title></entry></feed>"""


def rss(*items: str, encoding: str = "utf-8") -> bytes:
    return RSS.format(items="\n".join(items), encoding=encoding).encode(encoding)


def read(body: bytes, content_type: str | None = "text/xml") -> ParsedFeed | Failed:
    return read_feed(Fetched(body, URL, content_type), NOW)


def entries(body: bytes, content_type: str | None = "text/xml") -> tuple[Entry, ...]:
    outcome = read(body, content_type)
    assert isinstance(outcome, ParsedFeed), outcome
    return outcome.entries


def failure(body: bytes, content_type: str | None = "text/xml") -> Failure:
    outcome = read(body, content_type)
    assert isinstance(outcome, Failed), outcome
    return outcome.failure


def test_an_rss_entry_is_read_in_full() -> None:
    outcome = read(rss(ITEM.format(title="Grüße")))
    assert isinstance(outcome, ParsedFeed)
    assert (outcome.facts.title, outcome.facts.site) == ("A & B", "https://site.example/")
    assert outcome.facts.language == "de-at"
    assert outcome.facts.warning is None
    (entry,) = outcome.entries
    assert replace(entry, wording="") == Entry(
        external_id="tag:1",
        url="https://site.example/1",
        title="Grüße",
        author="Ada Lovelace",
        summary="Short <b>one</b>",
        content='<p>Über <a href="https://site.example/x">x</a> '
        '<a href="https://other.example/y">y</a></p>',
        language="de-at",
        published_at=datetime(2026, 2, 1, 9, 0, tzinfo=UTC),
        authors=("Ada Lovelace",),
        categories=("Science",),
        links=("https://site.example/x", "https://other.example/y"),
    )


def test_an_atom_entry_has_its_feeds_author_when_it_has_none() -> None:
    first, second = entries(ATOM)
    assert (first.authors, second.authors) == (("Feed Author",), ("Own",))
    assert first.title == "Text with <angle> brackets"
    assert first.content == "<p>x</p>" or "<p>x</p>" in first.content


def test_a_json_feed_is_read() -> None:
    body = b"""{"version":"https://jsonfeed.org/version/1.1","title":"J","home_page_url":"https://j.example",
    "items":[{"id":7,"url":"/a","title":"t","content_html":"<p>c</p><script>x</script>",
    "authors":[{"name":"N"}],"tags":["a","a"],"date_published":"2026-01-02T03:04:05+00:00"},{"id":"8"}]}"""
    first, second = entries(body, "application/feed+json")
    assert (first.external_id, first.url, first.content) == ("7", "https://j.example/a", "<p>c</p>")
    assert (first.authors, first.categories) == (("N",), ("a",))
    assert first.published_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert second.external_id == "8"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_every_encoding_gives_the_same_text(encoding: str) -> None:
    (entry,) = entries(rss(ITEM.format(title="Grüße"), encoding=encoding))
    assert (entry.title, "Über" in entry.content) == ("Grüße", True)


@pytest.mark.parametrize(
    ("said", "meant", "content_type"),
    [
        ("iso-8859-1", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "windows-1252", "text/xml"),
        ("us-ascii", "utf-8", "text/xml; charset=us-ascii"),
        ("no-such-encoding", "utf-8", "text/xml; charset=no-such-encoding"),
    ],
)
def test_text_with_a_wrongly_declared_encoding_is_decoded(
    said: str, meant: str, content_type: str
) -> None:
    text = RSS.format(items=ITEM.format(title="Grüße"), encoding=said)
    (entry,) = entries(text.encode(meant), content_type)
    assert entry.title == "Grüße"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Failure.EMPTY),
        (b" \r\n\t", Failure.EMPTY),
        (b"\0\0\0", Failure.EMPTY),
        (b"<!DOCTYPE html><html><body><h1>Not here</h1></body></html>", Failure.NOT_A_FEED),
        (b"<html><head><title>x</title></head></html>", Failure.NOT_A_FEED),
        (b"just some words", Failure.NOT_A_FEED),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(2_000), Failure.NOT_A_FEED),
        (gzip.compress(b"<rss/>", mtime=0), Failure.NOT_A_FEED),
        (b'{"hello": "world"}', Failure.NOT_A_FEED),
        (b'{"version": "https://jsonfeed.org/version/1"', Failure.MALFORMED),
        (b"<rss version='2.0'><channel><title", Failure.MALFORMED),
        (b"<?xml version='1.0'?><root><a/></root>", Failure.NOT_A_FEED),
    ],
)
def test_a_response_that_is_not_a_feed_is_classified(body: bytes, expected: Failure) -> None:
    assert failure(body) is expected


def test_a_truncated_feed_gives_its_complete_entries_and_a_warning() -> None:
    whole = rss(ITEM.format(title="one"), ITEM.format(title="two").replace("tag:1", "tag:2"))
    outcome = read(whole[: whole.rindex(b"<content:encoded>")])
    assert isinstance(outcome, ParsedFeed)
    assert outcome.entries[0].title == "one"
    assert "broken" in (outcome.facts.warning or "")


def test_a_feed_without_entries_has_no_entries() -> None:
    assert entries(rss()) == ()


def test_text_has_nothing_that_postgres_refuses() -> None:
    body = rss(ITEM.format(title="a&#1;b\x00c\x0bd&#xD800;e&#0;f"))
    (entry,) = entries(body)
    assert not set(entry.title) & set("\x00\x01\x0b\ud800")
    entry.title.encode()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Sun, 01 Feb 2026 10:00:00 GMT", datetime(2026, 2, 1, 10, 0, tzinfo=UTC)),
        ("Mon, 01 Mar 2027 10:00:00 GMT", datetime(2027, 3, 1, 10, 0, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_impossible_dates_are_dropped_and_future_dates_are_kept(
    date: str, expected: datetime | None
) -> None:
    body = rss(ITEM.format(title="t")).replace(b"Sun, 01 Feb 2026 10:00:00 +0100", date.encode())
    assert entries(body)[0].published_at == expected


def test_an_entry_is_known_by_its_id_else_its_link_else_its_content() -> None:
    item = ITEM.format(title="t")
    no_id = item.replace("<guid>tag:1</guid>", "")
    bare = no_id.replace("<link>https://site.example/1</link>", "")
    by_id, by_link, by_content = entries(rss(item, no_id, bare))
    assert (by_id.external_id, by_link.external_id) == ("tag:1", "https://site.example/1")
    assert by_content.external_id.startswith("sha256:")
    long_id = entries(rss(item.replace("tag:1", "x" * 5_000)))[0].external_id
    assert long_id.startswith("sha256:")


def test_the_content_hash_changes_with_the_content_and_not_with_the_id() -> None:
    (one,) = entries(rss(ITEM.format(title="t")))
    (renamed,) = entries(rss(ITEM.format(title="t").replace("tag:1", "tag:2")))
    (changed,) = entries(rss(ITEM.format(title="T")))
    assert one.content_hash() == renamed.content_hash() != changed.content_hash()


def test_the_gap_of_a_feed_is_the_median_between_its_entries() -> None:
    def at(day: int) -> str:
        moment = datetime(2026, 2, day, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        item = ITEM.format(title="t").replace("tag:1", f"tag:{day}")
        return item.replace("Sun, 01 Feb 2026 10:00:00 +0100", moment)

    outcome = read(rss(at(1), at(2), at(3), at(20)))
    assert isinstance(outcome, ParsedFeed)
    assert outcome.facts.median_gap_seconds == timedelta(days=1).total_seconds()
    assert outcome.facts.newest_at == datetime(2026, 2, 20, tzinfo=UTC)


def test_reading_a_feed_raises_no_warning_and_opens_no_address() -> None:
    # Sockets are blocked here; a feed that names files and addresses must not be followed.
    body = b"""<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://127.0.0.1:9/dtd"
      [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>
      <title>&x;</title><item><title>&x;</title><guid>1</guid></item></channel></rss>"""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = read(body)
    assert "root:" not in repr(outcome)


FEEDS = Path(os.environ.get("GROUNDWORK_SAMPLE_DATA", "../shared/data")) / "feeds"


@pytest.mark.skipif(not FEEDS.is_dir(), reason="GROUNDWORK_SAMPLE_DATA has no folder feeds/")
def test_every_real_feed_is_read() -> None:
    bodies = [path.read_bytes() for path in sorted(FEEDS.glob("*.xml"))]
    outcomes = [read(body) for body in bodies]
    assert [one for one in outcomes if isinstance(one, Failed)] == []
    found = [entry for one in outcomes if isinstance(one, ParsedFeed) for entry in one.entries]
    assert len(found) >= 4_000
    for entry in found:
        assert entry.external_id
        assert "\x00" not in entry.title + entry.summary + entry.content
        assert "<script" not in entry.content.lower()


def test_entries_that_are_too_many_are_cut_off_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "MAX_ENTRIES", 3)
    items = "".join(f"<item><guid>g{n}</guid><title>T{n}</title></item>" for n in range(10))
    outcome = read(rss(items))
    assert isinstance(outcome, ParsedFeed)
    assert [entry.title for entry in outcome.entries] == ["T0", "T1", "T2"]
    assert (outcome.left_out, outcome.ends_early) == (7, False)
    assert outcome.facts.warning == "Only the first 3 entries are taken."


def test_a_feed_can_be_read_with_a_given_time_limit() -> None:
    items = "".join(f"<item><guid>g{n}</guid><title>T{n}</title></item>" for n in range(5_000))
    outcome = read_feed(Fetched(rss(items), URL, "text/xml"), NOW, 0.01)
    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.TOO_COMPLEX
    assert isinstance(read_feed(Fetched(rss(items), URL, "text/xml"), NOW), ParsedFeed)
