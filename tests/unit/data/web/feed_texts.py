"""Feeds with one entry, as text."""

from datetime import UTC, datetime

from groundwork_core.documents.model import Entry
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.feeds import read_feed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://feed.example/feed"
NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


def rss(item: str, channel: str = "", attributes: str = "") -> str:
    return (
        f'<rss version="2.0" {NAMESPACES} {attributes}><channel><title>Feed</title>'
        f"<link>https://a.example/</link>{channel}<item><guid>1</guid>{item}</item></channel></rss>"
    )


def atom(entry: str, feed: str = "", attributes: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES} {attributes}><title>Feed</title>'
        f"{feed}<entry><id>urn:1</id><title>t</title>{entry}</entry></feed>"
    )


def read(text: str, now: datetime = NOW, content_language: str | None = None) -> ParsedFeed:
    outcome = read_feed(
        Fetched(text.encode(), URL, "text/xml", content_language=content_language), now
    )
    assert isinstance(outcome, ParsedFeed), outcome
    return outcome


def only(text: str) -> Entry:
    (entry,) = read(text).entries
    return entry


def json_feed(item: str) -> str:
    return (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "authors":'
        ' [{"name": "House"}], "items": [{"id": "1", "title": "t"' + item + "}]}"
    )
