"""JSON Feed (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from groundwork_core.documents.model import Entry, external_id
from groundwork_core.sources.outcome import Failure
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.entries import (
    MAX_CATEGORIES,
    MAX_TERM,
    MAX_TEXT,
    MAX_TITLE,
    language,
    person_name,
)
from groundwork_data.web.feeds import MAX_ENTRIES, feed_facts
from groundwork_data.web.html import absolute, clean, plain
from groundwork_data.web.text import moment, tidy


def read_json_feed(body: bytes, feed_url: str, now: datetime) -> ParsedFeed | tuple[Failure, str]:
    """Read one; the url is where it came from."""
    try:
        feed = json.loads(body)
    except ValueError:
        return Failure.MALFORMED, "The answer begins like JSON, but is none."
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or "jsonfeed.org" not in version:
        return Failure.NOT_A_FEED, "The answer is JSON, but no JSON Feed."
    items = feed.get("items")
    if not isinstance(items, list):
        return Failure.MALFORMED, "The JSON Feed has no list of items."
    site = absolute(_text(feed, "home_page_url", MAX_TEXT), feed_url)
    entries = [
        _entry(item, feed, site or feed_url, now)
        for item in items[:MAX_ENTRIES]
        if isinstance(item, dict)
    ]
    facts = feed_facts(
        title=plain(_text(feed, "title", MAX_TITLE)),
        site=site,
        language=language(feed.get("language")),
        entries=entries,
    )
    return ParsedFeed(facts, tuple(entries))


def _entry(item: dict[str, object], feed: dict[str, object], base: str, now: datetime) -> Entry:
    url = absolute(_text(item, "url", MAX_TEXT) or _text(item, "external_url", MAX_TEXT), base)
    content = clean(
        _text(item, "content_html", MAX_TEXT) or _text(item, "content_text", MAX_TEXT), url or base
    )
    names = _authors(item) or _authors(feed)
    title = plain(_text(item, "title", MAX_TITLE))
    own_id = item.get("id")
    return Entry(
        external_id=external_id(
            tidy(str(own_id) if own_id is not None else "", MAX_TEXT),
            url,
            f"{title}\n{content.html}",
        ),
        url=url,
        title=title,
        author=", ".join(names) or None,
        summary=clean(_text(item, "summary", MAX_TEXT), url or base).html,
        content=content.html,
        language=language(item.get("language")) or language(feed.get("language")),
        published_at=_moment(item.get("date_published") or item.get("date_modified"), now),
        authors=names,
        categories=_tags(item),
        links=content.links,
    )


def _text(item: dict[str, object], name: str, limit: int) -> str:
    return tidy(item.get(name), limit)


def _authors(item: dict[str, object]) -> tuple[str, ...]:
    stated = item.get("authors")
    people = stated if isinstance(stated, list) else [item.get("author")]
    names = [person_name(one.get("name")) for one in people if isinstance(one, dict)]
    return tuple(dict.fromkeys(name for name in names if name))


def _tags(item: dict[str, object]) -> tuple[str, ...]:
    stated = item.get("tags")
    tags = [plain(tidy(one, MAX_TERM)) for one in stated] if isinstance(stated, list) else []
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_CATEGORIES]


def _moment(stated: object, now: datetime) -> datetime | None:
    try:
        at = datetime.fromisoformat(tidy(stated, 40))
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return moment(aware.utctimetuple(), now)
