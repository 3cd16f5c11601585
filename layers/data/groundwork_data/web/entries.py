"""From feedparser's entries to ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from groundwork_core.documents.model import Entry, external_id
from groundwork_data.web.html import Cleaned, absolute, clean, plain
from groundwork_data.web.text import moment, tidy

MAX_TITLE = 1_000
MAX_TEXT = 1_000_000
MAX_NAME = 300
MAX_TERM = 200
MAX_AUTHORS = 20
MAX_CATEGORIES = 50
MAX_LINKS = 200
_LANGUAGE = re.compile(r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*$")
_ADDRESS = re.compile(r"\s*[<(]?[\w.+-]+@[\w-]+(?:\.[\w-]+)+[>)]?\s*")
_NOTHING = Cleaned("", ())
Raw = Mapping[str, object]


class EntryReader:
    """Reads the entries of one parsed feed."""

    def __init__(self, result: Raw, site: str | None, feed_url: str, now: datetime) -> None:
        """Take feedparser's result, the feed's site, and where the feed came from."""
        feed = result["feed"]
        self._site = site
        self._feed_url = feed_url
        self._now = now
        self.language = language(_get(feed, "language"))
        # RFC 4287 section 4.2.1: an entry without an author has its feed's.
        is_atom = str(result.get("version") or "").startswith("atom")
        self._authors = authors(feed) if is_atom else ()

    def read(self, raw: object) -> Entry | None:
        """Return one entry, or None when it says nothing or cannot be read."""
        try:
            return self._read(raw)
        except (ValueError, TypeError, LookupError, AttributeError):
            return None

    def _read(self, raw: object) -> Entry | None:
        url = absolute(tidy(_get(raw, "link"), MAX_TEXT), self._site or self._feed_url)
        title = self._title(raw)
        summary = self._html(_get(raw, "summary_detail"), url)
        content, own_language = self._content(raw, url)
        if not (title or summary.html or content.html or url):
            return None
        if content.html == summary.html:
            content = _NOTHING
        names = authors(raw) or self._authors
        links = tuple(dict.fromkeys((*content.links, *summary.links)))[:MAX_LINKS]
        return Entry(
            external_id=external_id(
                tidy(_get(raw, "id"), MAX_TEXT), url, f"{title}\n{summary.html}\n{content.html}"
            ),
            url=url,
            title=title,
            author=", ".join(names)[:MAX_TITLE] or None,
            summary=summary.html,
            content=content.html,
            language=own_language or self.language,
            published_at=self._published(raw),
            authors=names,
            categories=categories(raw),
            links=links,
        )

    def _title(self, raw: object) -> str:
        text = tidy(_get(raw, "title"), MAX_TITLE * 4)
        kind = _get(_get(raw, "title_detail"), "type")
        return (" ".join(text.split()) if kind == "text/plain" else plain(text))[:MAX_TITLE]

    def _published(self, raw: object) -> datetime | None:
        for name in ("published_parsed", "updated_parsed", "created_parsed"):
            at = moment(_get(raw, name), self._now)
            if at is not None:
                return at
        return None

    def _content(self, raw: object, url: str | None) -> tuple[Cleaned, str | None]:
        """Return the longest content: HTML before plain text."""
        found = _get(raw, "content")
        if not isinstance(found, Sequence) or not found:
            return _NOTHING, None
        best = max(
            found,
            key=lambda one: (
                "html" in str(_get(one, "type")),
                len(str(_get(one, "value") or "")),
            ),
        )
        return self._html(best, url), language(_get(best, "language"))

    def _html(self, detail: object, url: str | None) -> Cleaned:
        text = tidy(_get(detail, "value"), MAX_TEXT).strip()
        if not text:
            return _NOTHING
        if _get(detail, "type") == "text/plain":
            return Cleaned(escape(text, quote=False), ())
        stated = _get(detail, "base")
        base = stated if isinstance(stated, str) and stated != self._feed_url else None
        return clean(text, base or url or self._feed_url)


def harmless(text: str, base: str | None) -> Cleaned:
    """Make a piece of HTML harmless that comes without a feed; implements `MakeHarmless`."""
    return clean(tidy(text, MAX_TEXT).strip(), base)


def authors(raw: object) -> tuple[str, ...]:
    """Return the names of who wrote it, each once, without mail addresses."""
    found = _get(raw, "authors")
    stated = [_get(one, "name") for one in found] if isinstance(found, Sequence) else []
    if not any(stated):
        stated = [_get(raw, "author")]
    names: dict[str, str] = {}
    for one in stated:
        name = person_name(one)
        if name:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_AUTHORS]


def person_name(stated: object) -> str:
    """Return a person's name as people write it; empty when nothing is stated."""
    text = plain(tidy(stated, MAX_NAME * 2))
    without = _ADDRESS.sub(" ", text).strip(" \t()<>\"',;")
    # Where a mail address is all there is, it is the name.
    return (without or text.strip())[:MAX_NAME]


def categories(raw: object) -> tuple[str, ...]:
    """Return the terms it is filed under, each once, whatever its case."""
    found = _get(raw, "tags")
    terms: dict[str, str] = {}
    for one in found if isinstance(found, Sequence) else ():
        term = plain(tidy(_get(one, "label") or _get(one, "term"), MAX_TERM))
        if term:
            terms.setdefault(term.casefold(), term)
    return tuple(terms.values())[:MAX_CATEGORIES]


def language(stated: object) -> str | None:
    """Return a language tag (BCP 47) in lower case; None when it is none."""
    text = tidy(stated, 40).strip()
    return text.replace("_", "-").lower() if _LANGUAGE.match(text) else None


def _get(raw: object, name: str) -> object:
    """Read a key as stored: feedparser's own lookup guesses at others, and warns."""
    return dict.get(raw, name) if isinstance(raw, dict) else None
