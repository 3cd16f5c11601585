"""Read JSON APIs: each item of the configured list is an entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import JsonValue

from groundwork_core.documents.model import Entry, external_id, wording_hash
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched, FollowUp
from groundwork_core.sources.kinds import ApiConfig, NextCursor, NextLink, PageNumber
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.dates import moment
from groundwork_data.web.decoding import decode
from groundwork_data.web.entries import MAX_TEXT, MAX_TITLE
from groundwork_data.web.feed_facts import MAX_ENTRIES, feed_facts
from groundwork_data.web.html import clean, plain
from groundwork_data.web.kinds.json_pointer import at
from groundwork_data.web.links import absolute
from groundwork_data.web.text import one_line, tidy
from groundwork_data.web.time_limit import TooLong, cpu_seconds

CPU_SECONDS = 10.0
MAX_CURSOR = 1_000


class ApiReader:
    """Reads the responses of one API, and finds the next request."""

    def __init__(self, config: ApiConfig) -> None:
        self._config = config

    def next(self, pages: Sequence[Fetched]) -> FollowUp | None:
        """Return the next request; None after the last page, or after `max_pages`."""
        config, last = self._config, pages[-1]
        if config.paging is None or len(pages) >= config.max_pages:
            return None
        try:
            document = _parsed(last)
        except ValueError:
            return None
        items = at(document, config.items)
        if not isinstance(items, list) or not items:
            return None
        url = _next_url(config.paging, document, pages)
        seen = {one.url for one in pages}
        return None if url is None or url in seen else FollowUp(url, self._pause_seconds)

    @property
    def _pause_seconds(self) -> float:
        return 60 / self._config.requests_per_minute

    def __call__(
        self, fetched: Fetched, now: datetime, seconds: float | None = None
    ) -> ParsedFeed | Failed:
        """Read the items of all responses; implements `FeedReader`."""
        limit = CPU_SECONDS if seconds is None else min(seconds, CPU_SECONDS)
        try:
            with cpu_seconds(limit):
                return self._read(fetched, now)
        except (TooLong, RecursionError, MemoryError):
            return Failed(Failure.TOO_COMPLEX, "The response takes too much work to read.")

    def _read(self, fetched: Fetched, now: datetime) -> ParsedFeed | Failed:
        entries: list[Entry] = []
        stated = 0
        for page in (fetched, *fetched.more):
            try:
                items = at(_parsed(page), self._config.items)
            except ValueError:
                return Failed(Failure.MALFORMED, "The response is not valid JSON.")
            if not isinstance(items, list):
                where = self._config.items or "the root"
                return Failed(Failure.MALFORMED, f"There is no list of items at {where}.")
            stated += len(items)
            for item in items[: MAX_ENTRIES - len(entries)]:
                entry = _entry(item, self._config, page.url)
                if entry is not None:
                    entries.append(entry)
        facts = feed_facts(
            title="", site=None, language=None, entries=entries, now=now, warning=fetched.broke_off
        )
        return ParsedFeed(
            facts,
            tuple(entries),
            left_out=stated - len(entries),
            ends_early=fetched.broke_off is not None,
        )


def _parsed(page: Fetched) -> JsonValue:
    parsed: JsonValue = json.loads(decode(page.body, page.content_type), strict=False)
    return parsed


def _next_url(
    paging: NextLink | PageNumber | NextCursor, document: JsonValue, pages: Sequence[Fetched]
) -> str | None:
    first, last = pages[0].url, pages[-1].url
    if isinstance(paging, PageNumber):
        return _with(first, paging.parameter, str(paging.first + len(pages)))
    stated = at(document, paging.next)
    if isinstance(paging, NextLink):
        return absolute(stated, last) if isinstance(stated, str) else None
    if isinstance(stated, bool) or not isinstance(stated, str | int | float) or stated == "":
        return None
    return _with(first, paging.parameter, str(stated)[:MAX_CURSOR])


def _with(url: str, name: str, value: str) -> str:
    """Return a URL with one parameter set."""
    parts = urlsplit(url)
    query = [(n, v) for n, v in parse_qsl(parts.query, keep_blank_values=True) if n != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)])))


def _entry(item: JsonValue, config: ApiConfig, base: str) -> Entry | None:
    fields = config.fields
    url = absolute(_text(at(item, fields.url), MAX_TEXT), base)
    own_id = _text(at(item, fields.id), MAX_TEXT).strip()
    if not own_id and not url:
        return None
    text = clean(_text(at(item, fields.text), MAX_TEXT), url or base)
    title = one_line(plain(_text(at(item, fields.title), MAX_TITLE)))
    author = one_line(_text(at(item, fields.author), MAX_TITLE))
    stated = at(item, fields.date)
    return Entry(
        external_id=external_id(own_id, url, title),
        url=url,
        title=title,
        author=author or None,
        summary="",
        content=text.html,
        language=None,
        published_at=moment(stated),
        authors=(author,) if author else (),
        links=text.links,
        wording=wording_hash("", text.wording),
        has_own_id=bool(own_id),
    )


def _text(value: JsonValue, limit: int) -> str:
    """Return a value as text; numbers as digits, other types as an empty text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return tidy(value, limit)
