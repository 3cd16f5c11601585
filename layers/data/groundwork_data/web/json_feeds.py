"""Parse JSON Feed (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from groundwork_core.documents.model import Enclosure, Entry, external_id, wording_hash
from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.dates import moment
from groundwork_data.web.entries import MAX_TERM, MAX_TEXT, MAX_TITLE, categories, language
from groundwork_data.web.entry_links import MAX_ENCLOSURES, enclosure
from groundwork_data.web.feed_facts import MAX_ENTRIES, feed_facts
from groundwork_data.web.html import Cleaned, clean
from groundwork_data.web.links import absolute
from groundwork_data.web.people import people
from groundwork_data.web.text import as_html, one_line, tidy

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class _Decoded:
    feed: object
    ends_early: bool = False
    half_items: int = 0


def read_json_feed(text: str, feed_url: str, now: datetime) -> ParsedFeed | tuple[Failure, str]:
    """Parse a JSON Feed; `feed_url` is where it was fetched."""
    decoded = _decoded(text)
    if decoded is None:
        return Failure.MALFORMED, "The response begins like JSON, but is not valid JSON."
    feed = decoded.feed
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(feed, dict) or not isinstance(version, str) or "jsonfeed.org" not in version:
        return Failure.NOT_A_FEED, "The response is JSON, but not a JSON Feed."
    items = feed.get("items")
    if not isinstance(items, list):
        return Failure.MALFORMED, "The JSON Feed has no list of items."
    if decoded.ends_early and not items:
        return Failure.MALFORMED, "The JSON Feed is cut off before its first item ends."
    site = absolute(_text(feed, "home_page_url", MAX_TEXT), feed_url)
    entries = [
        entry
        for item in items[:MAX_ENTRIES]
        if isinstance(item, dict) and (entry := _entry(item, feed, site or feed_url))
    ]
    notes = []
    if decoded.ends_early:
        notes.append("The feed is cut off at its end.")
    if len(items) > MAX_ENTRIES:
        notes.append(f"Only the first {MAX_ENTRIES} entries are taken.")
    facts = feed_facts(
        title=one_line(_text(feed, "title", MAX_TITLE)),
        site=site,
        language=language(feed.get("language")),
        entries=entries,
        now=now,
        warning=" ".join(notes) or None,
    )
    return ParsedFeed(
        facts,
        tuple(entries),
        left_out=len(items) - len(entries) + decoded.half_items,
        ends_early=decoded.ends_early,
    )


def _decoded(text: str) -> _Decoded | None:
    """Decode JSON; of a truncated feed, return the complete items."""
    try:
        return _Decoded(json.loads(text, strict=False))
    except ValueError:
        start = _ITEMS.search(text)
    if start is None:
        return None
    try:
        feed = json.loads(text[: start.end()] + "]}", strict=False)
    except ValueError:
        return None
    feed["items"] = list(_whole_items(text, start.end()))
    rest = text[start.end() :].rstrip()
    return _Decoded(feed, ends_early=True, half_items=0 if rest.endswith(("}", "},")) else 1)


def _whole_items(text: str, at: int) -> Iterator[object]:
    while True:
        blanks = _BETWEEN.match(text, at)
        try:
            item, at = _DECODER.raw_decode(text, blanks.end() if blanks else at)
        except ValueError:
            return
        yield item


def _entry(item: dict[str, object], feed: dict[str, object], base: str) -> Entry | None:
    enclosures = _attachments(item, base)
    url = _address(item, base) or (enclosures[0].url if enclosures else None)
    html = _text(item, "content_html", MAX_TEXT)
    plain = as_html(_text(item, "content_text", MAX_TEXT))
    content = clean(html, url or base) if html.strip() else Cleaned(plain, (), plain)
    has_authors = _stated(item.get("authors")) or _stated(item.get("author"))
    names = _authors(item if has_authors else feed)
    title = one_line(_text(item, "title", MAX_TITLE))
    summary = as_html(_text(item, "summary", MAX_TEXT))
    own_id = _own_id(item.get("id"))
    if not (title or summary or content.html or url or own_id):
        return None
    return Entry(
        external_id=external_id(own_id, url, f"{title}\n{content.html}"),
        url=url,
        title=title,
        author=", ".join(names)[:MAX_TITLE] or None,
        summary=summary,
        content="" if content.html == summary else content.html,
        language=language(item.get("language")) or language(feed.get("language")),
        published_at=moment(item.get("date_published")) or moment(item.get("date_modified")),
        authors=names,
        categories=_tags(item),
        links=content.links,
        enclosures=enclosures,
        wording=wording_hash(summary, content.wording),
        has_own_id=bool(own_id),
    )


def _address(item: dict[str, object], base: str) -> str | None:
    stated = (absolute(_text(item, name, MAX_TEXT), base) for name in ("url", "external_url"))
    return next(filter(None, stated), None)


def _attachments(item: dict[str, object], base: str) -> tuple[Enclosure, ...]:
    found: dict[str, Enclosure] = {}
    for one in _stated(item.get("attachments")):
        url = absolute(_text(one, "url", MAX_TEXT), base) if isinstance(one, dict) else None
        if url is not None and isinstance(one, dict):
            kind, size = one.get("mime_type"), one.get("size_in_bytes")
            found.setdefault(url, enclosure(url, kind, size))
    return tuple(found.values())[:MAX_ENCLOSURES]


def _text(item: dict[str, object], name: str, limit: int) -> str:
    return tidy(item.get(name), limit)


def _own_id(stated: object) -> str:
    """Return an id; a number becomes its digits."""
    is_stated = isinstance(stated, (str, int, float)) and not isinstance(stated, bool)
    return tidy(str(stated), MAX_TEXT).strip() if is_stated else ""


def _authors(item: dict[str, object]) -> tuple[str, ...]:
    """Return the names in version 1.1's `authors`, else in version 1's `author`.

    Both may be an object, a name, or a list of these.
    """
    both = (_stated(item.get(field)) for field in ("authors", "author"))
    stated = next(filter(None, both), [])
    return people(one.get("name") if isinstance(one, dict) else one for one in stated)


def _stated(value: object) -> list[object]:
    return [one for one in (value if isinstance(value, list) else [value]) if one]


def _tags(item: dict[str, object]) -> tuple[str, ...]:
    stated = item.get("tags")
    tags = stated if isinstance(stated, list) else [stated]
    return categories(one_line(tidy(one, MAX_TERM)) for one in tags)
