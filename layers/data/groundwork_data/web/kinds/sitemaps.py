"""Read sitemaps: each address is an entry; an index leads to its newest sitemaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from groundwork_core.documents.model import Entry
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched, FollowUp
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.dates import moment
from groundwork_data.web.entries import MAX_TITLE, language
from groundwork_data.web.feed_facts import feed_facts
from groundwork_data.web.kinds.sitemap_parser import (
    BadSitemap,
    Sitemap,
    SitemapEntry,
    parse_sitemap,
)
from groundwork_data.web.links import absolute
from groundwork_data.web.text import one_line, tidy
from groundwork_data.web.time_limit import TooLong, cpu_seconds

MAX_SITEMAPS = 10
"""Sitemaps of an index that one poll reads, the newest ones."""
PAUSE_SECONDS = 1.0
CPU_SECONDS = 10.0
NEVER = datetime.min.replace(tzinfo=UTC)


def next_sitemap(pages: Sequence[Fetched]) -> FollowUp | None:
    """Return the next sitemap of an index; None after the last one, and for other files."""
    try:
        index = parse_sitemap(pages[0].body)
    except BadSitemap:
        return None
    if not index.is_index:
        return None
    newest = _newest(index.listed, pages[0].url)[:MAX_SITEMAPS]
    place = len(pages) - 1
    return FollowUp(newest[place][1], PAUSE_SECONDS) if place < len(newest) else None


def read_sitemap(
    fetched: Fetched, now: datetime, seconds: float | None = None
) -> ParsedFeed | Failed:
    """Read a sitemap, or an index and the sitemaps that were fetched with it."""
    limit = CPU_SECONDS if seconds is None else min(seconds, CPU_SECONDS)
    try:
        with cpu_seconds(limit):
            return _read(fetched, now)
    except (TooLong, MemoryError):
        return Failed(Failure.TOO_COMPLEX, "The sitemap takes too much work to read.")
    except BadSitemap as bad:
        return Failed(Failure.MALFORMED, f"The sitemap cannot be read: {bad}.")


def _read(fetched: Fetched, now: datetime) -> ParsedFeed:
    first = parse_sitemap(fetched.body)
    notes = [fetched.broke_off] if fetched.broke_off else []
    files: list[tuple[Sitemap, str]] = []
    if first.is_index:
        if len(first.listed) > MAX_SITEMAPS:
            notes.append(
                f"Only the newest {MAX_SITEMAPS} of {len(first.listed)} sitemaps are read."
            )
        for page in fetched.more:
            try:
                files.append((parse_sitemap(page.body), page.url))
            except BadSitemap as bad:
                notes.append(f"A sitemap of the index cannot be read: {bad}.")
    else:
        files.append((first, fetched.url))
    entries: dict[str, Entry] = {}
    stated = 0
    for file, url in files:
        if file.too_many:
            notes.append("A sitemap has more than 50,000 addresses; the others are left out.")
        if file.error:
            notes.append("A sitemap is broken, but could be read in part.")
        stated += len(file.listed)
        for at, address, one in _newest(file.listed, url) if not file.is_index else ():
            entries.setdefault(address, _entry(address, at, one))
    newest = sorted(entries.values(), key=lambda one: one.published_at or NEVER, reverse=True)
    facts = feed_facts(
        title="",
        site=_site(fetched.url),
        language=None,
        entries=newest,
        now=now,
        warning=" ".join(notes) or None,
    )
    return ParsedFeed(
        facts,
        tuple(newest),
        left_out=stated - len(newest),
        ends_early=fetched.broke_off is not None,
    )


def _newest(
    listed: Iterable[SitemapEntry], base: str
) -> list[tuple[datetime | None, str, SitemapEntry]]:
    """Return entries with a valid address, with their dates, newest first."""
    found = [
        (moment(one.published or one.lastmod), address, one)
        for one in listed
        if (address := absolute(one.loc, base))
    ]
    return sorted(found, key=lambda one: one[0] or NEVER, reverse=True)


def _entry(address: str, at: datetime | None, one: SitemapEntry) -> Entry:
    title = one_line(tidy(one.title, MAX_TITLE)) or _title_of(address)
    return Entry(
        external_id=address,
        url=address,
        title=title,
        author=None,
        summary="",
        content="",
        language=language(one.language),
        published_at=at,
    )


def _title_of(address: str) -> str:
    """Return a title from the last part of an address, such as `A new thing`."""
    last = unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])
    words = last.rpartition(".")[0] if "." in last else last
    text = one_line(tidy(words.replace("-", " ").replace("_", " "), MAX_TITLE))
    return (text[:1].upper() + text[1:]) or address[:MAX_TITLE]


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
