"""Classify a response: a feed, a sitemap, a JSON API, or a page with links to feeds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from groundwork_core.sources.discover import FeedLink, Look
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.decoding import decode
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.kinds.sitemap_parser import BadSitemap, parse_sitemap
from groundwork_data.web.links import absolute
from groundwork_data.web.text import one_line, tidy
from groundwork_data.web.time_limit import TooLong, cpu_seconds

CPU_SECONDS = 3.0
HTML_CHARACTERS = 1_000_000
"""Characters of a page that are searched."""
MAX_LINKS = 40
MAX_TITLE = 300
FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/xml",
        "text/xml",
    }
)
_GENERAL = frozenset({"application/json", "application/xml", "text/xml"})
"""Types that other things have as well: only with a title or path like that of a feed."""
_LIKE_A_FEED = re.compile(r"(?:^|[/._-])(?:rss|atom|feeds?|rdf)(?:$|[/._?-])", re.IGNORECASE)
_HTML_TAG = re.compile(r"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)


def look(fetched: Fetched) -> Look:
    """Return the kind of a response and its feed links; implements `Looker`."""
    if not fetched.body.strip():
        return Look("other")
    try:
        with cpu_seconds(CPU_SECONDS):
            return _look(fetched)
    except (TooLong, RecursionError, MemoryError):
        return Look("other")


def _look(fetched: Fetched) -> Look:
    text = decode(fetched.body, fetched.content_type)
    is_page = _HTML_TAG.search(text[:2_000]) is not None
    if not is_page:
        read = read_feed(fetched, datetime.now(UTC))
        if isinstance(read, ParsedFeed):
            return Look("feed", read.facts.title)
        try:
            parse_sitemap(fetched.body)
        except BadSitemap:
            pass
        else:
            return Look("sitemap")
        if text.startswith(("{", "[")):
            return Look("api" if _has_items(text) else "other")
    if not is_page and "html" not in (fetched.content_type or ""):
        return Look("other")
    page = _Page(fetched.url)
    page.feed(text[:HTML_CHARACTERS])
    return Look("page", page.title, (*page.named, *page.linked)[:MAX_LINKS])


def _has_items(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    lists = [found, *found.values()] if isinstance(found, dict) else [found]
    return any(isinstance(one, list) and one and isinstance(one[0], dict) for one in lists)


class _Page(HTMLParser):
    """Collects the title of a page and its links to feeds."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = url
        self._title: list[str] = []
        self._in_title = False
        self._known: set[str] = set()
        self.named: list[FeedLink] = []
        self.linked: list[FeedLink] = []

    @property
    def title(self) -> str:
        """The page's title in one line."""
        return one_line(tidy("".join(self._title), MAX_TITLE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handle the start of a title, a base, or a link to a feed."""
        found = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._in_title = not self._title
        elif tag == "base" and found.get("href"):
            self._base = absolute(found["href"], self._base) or self._base
        elif tag == "link" and "alternate" in found.get("rel", "").lower().split():
            kind = found.get("type", "").partition(";")[0].strip().lower()
            hint = f"{found.get('href', '')} {found.get('title', '')}"
            if kind in FEED_TYPES and (kind not in _GENERAL or _LIKE_A_FEED.search(hint)):
                self._add(self.named, found.get("href"), found.get("title", ""))
        elif tag == "a" and _LIKE_A_FEED.search(found.get("href", "")):
            self._add(self.linked, found.get("href"), found.get("title", ""))

    def handle_endtag(self, tag: str) -> None:
        """Handle the end of the title."""
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        """Collect the title."""
        if self._in_title:
            self._title.append(data)

    def _add(self, into: list[FeedLink], href: str | None, title: str) -> None:
        url = absolute(href, self._base)
        if url and url not in self._known and len(self._known) < MAX_LINKS:
            self._known.add(url)
            into.append(FeedLink(url, one_line(tidy(title, MAX_TITLE))))
