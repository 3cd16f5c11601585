"""Reads whatever a source answered: RSS, Atom, RDF, JSON Feed, well made or not."""

from __future__ import annotations

import io
import logging
import re
import statistics
import warnings
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from groundwork_core.documents.model import Entry
from groundwork_core.sources.model import FeedFacts
from groundwork_core.sources.outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.encoding import charset_of
from groundwork_data.web.html import absolute, plain
from groundwork_data.web.text import tidy
from groundwork_data.web.time_limit import TooLong, cpu_seconds

if TYPE_CHECKING:
    from feedparser import FeedParserDict

log = logging.getLogger(__name__)

MAX_ENTRIES = 5_000
MAX_TITLE = 1_000
GAP_ENTRIES = 20
CPU_SECONDS = 2.0
CPU_SECONDS_PER_MB = 1.0
SNIFF_BYTES = 4_096
_FEED_TAG = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)[\s>:]", re.IGNORECASE)
_HTML_TAG = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_BAD_REFERENCE = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,10});?")
_TEXT = (range(9, 11), range(13, 14), range(0x20, 0xD800), range(0xE000, 0x110000))
"""The characters that XML text may hold."""
_HARMLESS = ("CharacterEncodingOverride", "NonXMLContentType")


def read_feed(fetched: Fetched, now: datetime) -> ParsedFeed | Failed:
    """Implements `FeedReader`. Never raises for what is in the answer.

    feedparser gets bytes in a stream, never text: it would take text for an address or a file.
    """
    if not fetched.body.strip(b"\0 \t\r\n"):
        return Failed(Failure.EMPTY, "The answer has no content.", None, fetched.redirects)
    limit = CPU_SECONDS + CPU_SECONDS_PER_MB * len(fetched.body) / 1_000_000
    try:
        with cpu_seconds(limit):
            outcome = _read(fetched, now)
    except (TooLong, RecursionError, MemoryError):
        message = "The answer takes too much work to read."
        return Failed(Failure.TOO_COMPLEX, message, None, fetched.redirects)
    if isinstance(outcome, tuple):
        return Failed(*outcome, None, fetched.redirects)
    return outcome


def _read(fetched: Fetched, now: datetime) -> ParsedFeed | tuple[Failure, str]:
    body = fetched.body
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        from groundwork_data.web.json_feeds import read_json_feed  # noqa: PLC0415 - seldom

        return read_json_feed(body, fetched.url, now)
    has_feed_tag = _FEED_TAG.search(body) is not None or b"\0" in body[:SNIFF_BYTES]
    if not has_feed_tag:
        what = "a web page" if _HTML_TAG.search(body[:SNIFF_BYTES]) else "something else"
        return Failure.NOT_A_FEED, f"The answer is {what}, not a feed."
    try:
        result = _parse(body, fetched)
    except Exception:
        # feedparser stumbles over references to characters that cannot be, among others.
        log.info("feedparser failed; trying again with repaired text", exc_info=True)
        try:
            result = _parse(_BAD_REFERENCE.sub(_repaired, body), fetched)
        except Exception as error:
            log.warning("feedparser failed", exc_info=True)
            return Failure.MALFORMED, f"The feed cannot be read: {type(error).__name__}."
    found = result["entries"]
    if not found and (result.get("bozo") or not result.get("version")):
        if not result.get("version"):
            return Failure.NOT_A_FEED, "The answer is no feed that could be read."
        return Failure.MALFORMED, f"The feed is broken: {_reason(result)}."
    return _as_feed(result, fetched, now)


def _repaired(reference: re.Match[bytes]) -> bytes:
    """Keep a reference to a character that text may hold, and put U+FFFD for any other."""
    digits = reference[1].lower()
    number = int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
    return reference[0] if any(number in span for span in _TEXT) else b"&#65533;"


def _parse(body: bytes, fetched: Fetched) -> FeedParserDict:
    import feedparser  # noqa: PLC0415 - a tenth of a second, only where something has changed

    headers = {"content-location": fetched.url, "content-type": "application/xml"}
    charset = charset_of(fetched.body, fetched.content_type)
    if charset:
        headers["content-type"] += f"; charset={charset}"
    if fetched.content_language:
        headers["content-language"] = fetched.content_language
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # feedparser warns of its own future
        return feedparser.parse(
            io.BytesIO(body),
            response_headers=headers,
            # `html.clean` does both, in one pass and in half the time.
            resolve_relative_uris=False,
            sanitize_html=False,
        )


def _as_feed(result: FeedParserDict, fetched: Fetched, now: datetime) -> ParsedFeed:
    from groundwork_data.web.entries import EntryReader  # noqa: PLC0415 - as above

    feed = result["feed"]
    site = absolute(dict.get(feed, "link"), fetched.url)
    reader = EntryReader(result, site, fetched.url, now)
    entries: list[Entry] = []
    skipped = 0
    for raw in result["entries"][:MAX_ENTRIES]:
        entry = reader.read(raw)
        if entry is None:
            skipped += 1
        else:
            entries.append(entry)
    bozo = result.get("bozo") and type(result.get("bozo_exception")).__name__ not in _HARMLESS
    notes = []
    if bozo:
        notes.append(f"The feed is broken, but could be read: {_reason(result)}.")
    if skipped:
        notes.append(f"{skipped} entries could not be read.")
    if len(result["entries"]) > MAX_ENTRIES:
        notes.append(f"Only the first {MAX_ENTRIES} entries are taken.")
    facts = feed_facts(
        title=plain(tidy(dict.get(feed, "title"), MAX_TITLE)),
        site=site,
        language=reader.language,
        entries=entries,
        warning=" ".join(notes) or None,
    )
    return ParsedFeed(facts, tuple(entries))


def feed_facts(
    *,
    title: str,
    site: str | None,
    language: str | None,
    entries: list[Entry],
    warning: str | None = None,
) -> FeedFacts:
    """Put together what a feed says of itself and how often it publishes."""
    moments = sorted((e.published_at for e in entries if e.published_at), reverse=True)
    latest = moments[:GAP_ENTRIES]
    gaps = [(newer - older).total_seconds() for newer, older in pairwise(latest)]
    return FeedFacts(
        title=title,
        site=site,
        language=language,
        median_gap_seconds=round(statistics.median(gaps)) if gaps else None,
        newest_at=latest[0] if latest else None,
        warning=warning,
    )


def _reason(result: FeedParserDict) -> str:
    """Say what the XML parser found, in a line."""
    error = result.get("bozo_exception")
    get_message = getattr(error, "getMessage", None)
    text = get_message() if callable(get_message) else str(error)
    line = getattr(error, "getLineNumber", lambda: None)()
    where = f" in line {line}" if line else ""
    return f"{tidy(text, 200)}{where}"
