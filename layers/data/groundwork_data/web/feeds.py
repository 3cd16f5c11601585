"""Parse a source's response: RSS, Atom, RDF or JSON Feed, well-formed or not."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.decoding import decode
from groundwork_data.web.feed_facts import MAX_ENTRIES, feed_facts
from groundwork_data.web.feed_wishes import feed_wishes
from groundwork_data.web.hub_links import hub_and_topic
from groundwork_data.web.links import absolute
from groundwork_data.web.time_limit import TooLong, cpu_seconds

if TYPE_CHECKING:
    from groundwork_core.sources.wishes import Wishes
    from groundwork_data.web.feed_parser import Parsed

log = logging.getLogger(__name__)

CPU_SECONDS = 2.0
CPU_SECONDS_PER_MB = 1.0
SNIFF_CHARACTERS = 4_096
_FEED_TAG = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf|channel)[\s>:]", re.IGNORECASE)
_ENTRY_TAG = re.compile(r"<(?:\w+:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_HTML_TAG = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)


def read_feed(fetched: Fetched, now: datetime, seconds: float | None = None) -> ParsedFeed | Failed:
    """Parse a response; implements `FeedReader`. Never raises, whatever the response contains.

    Dates after `now` are not used for the publishing frequency. Entries do not depend on `now`.
    """
    if not fetched.body.strip(b"\0 \t\r\n"):
        return Failed(Failure.EMPTY, "The response has no content.", None, fetched.redirects)
    limit = CPU_SECONDS + CPU_SECONDS_PER_MB * len(fetched.body) / 1_000_000
    if seconds is not None:
        limit = min(limit, seconds)
    try:
        with cpu_seconds(limit):
            outcome = _read(fetched, now)
    except (TooLong, RecursionError, MemoryError):
        message = "The response takes too much work to read."
        return Failed(Failure.TOO_COMPLEX, message, None, fetched.redirects)
    if isinstance(outcome, tuple):
        return Failed(*outcome, None, fetched.redirects)
    return outcome


def _read(fetched: Fetched, now: datetime) -> ParsedFeed | tuple[Failure, str]:
    text = decode(fetched.body, fetched.content_type)
    if text.startswith(("{", "[")):
        from groundwork_data.web.json_feeds import read_json_feed

        return read_json_feed(text, fetched.url, now)
    if _FEED_TAG.search(text) is None:
        what = "a web page" if _HTML_TAG.search(text[:SNIFF_CHARACTERS]) else "something else"
        return Failure.NOT_A_FEED, f"The response is {what}, not a feed."
    from groundwork_data.web.feed_parser import parse

    text, too_many = capped(text)
    try:
        parsed = parse(text, fetched.url)
    except Exception as error:
        log.warning("feedparser failed", exc_info=True)
        return Failure.MALFORMED, f"The feed cannot be read: {type(error).__name__}."
    if not parsed.entries and not parsed.version:
        return Failure.NOT_A_FEED, "The response is not a feed that can be read."
    if not parsed.entries and parsed.error:
        return Failure.MALFORMED, f"The feed is broken: {parsed.error}."
    if too_many:
        parsed = replace(parsed, error=None, ends_early=False)
    return _as_feed(parsed, fetched, now, too_many, feed_wishes(text))


def capped(text: str) -> tuple[str, int]:
    """Return a feed without the entries beyond the limit, and how many were removed."""
    cut = len(text)
    count = 0
    for count, entry in enumerate(_ENTRY_TAG.finditer(text), start=1):
        if count == MAX_ENTRIES + 1:
            cut = entry.start()
    return text[:cut], max(0, count - MAX_ENTRIES)


def _as_feed(
    parsed: Parsed, fetched: Fetched, now: datetime, too_many: int, wishes: Wishes
) -> ParsedFeed:
    from groundwork_data.web.entries import EntryReader

    site = absolute(dict.get(parsed.feed, "link"), fetched.url)
    reader = EntryReader(parsed, site, fetched.url, fetched.content_language)
    read = [reader.read(raw) for raw in parsed.entries[:MAX_ENTRIES]]
    entries = [entry for entry in read if entry is not None]
    unreadable = len(read) - len(entries)
    too_many += len(parsed.entries) - len(read)
    notes = []
    if parsed.error:
        notes.append(f"The feed is broken, but could be read: {parsed.error}.")
    if parsed.ends_early:
        notes.append("The feed is cut off at its end.")
    if unreadable:
        notes.append(f"{unreadable} entries could not be read.")
    if too_many:
        notes.append(f"Only the first {MAX_ENTRIES} entries are taken.")
    facts = feed_facts(
        title=reader.title,
        site=site,
        language=reader.language,
        entries=entries,
        now=now,
        warning=" ".join(notes) or None,
        wishes=wishes,
    )
    links = [one for one in parsed.feed.get("links", ()) if isinstance(one, dict)]
    hub, topic = hub_and_topic(fetched.link, links, fetched.url)
    facts = replace(facts, hub=hub, topic=topic)
    return ParsedFeed(
        facts,
        tuple(entries),
        left_out=parsed.half_entries + unreadable + too_many,
        ends_early=parsed.ends_early,
    )
