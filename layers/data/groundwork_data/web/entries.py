"""Convert feedparser's entries to our entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.documents.model import Entry, external_id, wording_hash
from groundwork_data.web.dates import moment
from groundwork_data.web.entry_links import EntryLinks
from groundwork_data.web.html import Cleaned, clean, plain
from groundwork_data.web.people import people
from groundwork_data.web.text import as_html, decoded, one_line, tidy

if TYPE_CHECKING:
    from groundwork_data.web.feed_parser import Parsed

MAX_TITLE = 1_000
MAX_TEXT = 1_000_000
MAX_TERM = 200
MAX_CATEGORIES = 50
MAX_LINKS = 200
_LANGUAGE = re.compile(r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*$")
_NOTHING = Cleaned("", ())
DESCRIPTIONS = ("summary", "dc_description", "itunes_summary", "media_description")
"""Names of an entry's summary; the first one is used."""


class EntryReader:
    """Reads the entries of one parsed feed."""

    def __init__(
        self, parsed: Parsed, site: str | None, feed_url: str, content_language: str | None
    ) -> None:
        """`site` is the feed's own link; `content_language` is a header of the response."""
        self._is_atom = parsed.version.startswith("atom")
        self._links = EntryLinks(site, feed_url, is_atom=self._is_atom)
        self.title = self._title(parsed.feed)
        """The feed's title."""
        self.language = language(_get(parsed.feed, "language")) or language(content_language)
        # RFC 4287 section 4.2.1: an entry without an author inherits the feed's.
        self._authors = authors(parsed.feed) if self._is_atom else ()

    def read(self, raw: object) -> Entry | None:
        """Return one entry, or None if it is empty or cannot be read."""
        try:
            return self._read(raw)
        except (ValueError, TypeError, LookupError, AttributeError):
            return None

    def _read(self, raw: object) -> Entry | None:
        enclosures = self._links.enclosures(raw)
        url = self._links.address(raw, enclosures)
        title = self._title(raw)
        summary = self._summary(raw, url)
        content = self._content(raw, url)
        own_id = tidy(_get(raw, "id"), MAX_TEXT).strip()
        if not (title or summary.html or content.html or url or own_id):
            return None
        said = wording_hash(summary.wording, content.wording)
        if content.html == summary.html:
            content = _NOTHING
        names = self._people(raw)
        links = tuple(dict.fromkeys((*content.links, *summary.links)))[:MAX_LINKS]
        return Entry(
            external_id=external_id(own_id, url, f"{title}\n{summary.html}\n{content.html}"),
            url=url,
            title=title,
            author=", ".join(names)[:MAX_TITLE] or None,
            summary=summary.html,
            content=content.html,
            language=self._language(raw),
            published_at=published(raw),
            authors=names,
            categories=self._categories(raw),
            links=links,
            enclosures=enclosures,
            wording=said,
            has_own_id=bool(own_id),
        )

    def _title(self, raw: object) -> str:
        text = tidy(_get(raw, "title"), MAX_TITLE * 4)
        kind = _get(_get(raw, "title_detail"), "type")
        found = self._plain(text) if kind in {None, "text/plain"} else plain(text)
        return found[:MAX_TITLE]

    def _plain(self, text: str) -> str:
        """Return a plain text: in Atom by its type, in RSS by convention."""
        return one_line(text if self._is_atom else decoded(text))

    def _people(self, raw: object) -> tuple[str, ...]:
        if _get(raw, "authors"):
            return authors(raw)
        return authors(_get(raw, "source")) or self._authors

    def _language(self, raw: object) -> str | None:
        """Return the language of the entry's text, else of its title, else of the feed."""
        stated = _get(raw, "languages")
        places = ("content", *DESCRIPTIONS, "entry", "title")
        own = (language(one) for place in places if (one := _get(stated, place)))
        return language(_get(raw, "language")) or next(filter(None, own), None) or self.language

    def _categories(self, raw: object) -> tuple[str, ...]:
        found = _get(raw, "tags")
        tags = found if isinstance(found, Sequence) else ()
        stated = (tidy(_get(one, "label") or _get(one, "term"), MAX_TERM) for one in tags)
        return categories(self._plain(term) for term in stated)

    def _summary(self, raw: object, url: str | None) -> Cleaned:
        """Return the first description; a media description only if there is no other."""
        details = (_get(raw, f"{name}_detail") for name in DESCRIPTIONS)
        return next((text for one in details if (text := self._html(one, url)).html), _NOTHING)

    def _content(self, raw: object, url: str | None) -> Cleaned:
        """Return the longest content, preferring HTML to plain text."""
        found = _get(raw, "content")
        if not isinstance(found, Sequence) or not found:
            return _NOTHING
        best = max(
            found,
            key=lambda one: (
                "html" in str(_get(one, "type")),
                len(str(_get(one, "value") or "")),
            ),
        )
        return self._html(best, url)

    def _html(self, detail: object, url: str | None) -> Cleaned:
        text = tidy(_get(detail, "value"), MAX_TEXT).strip()
        if not text:
            return _NOTHING
        if _get(detail, "type") == "text/plain":
            return Cleaned(as_html(text), (), text)
        return clean(text, self._links.base_of(detail, url), url)


def clean_html(text: str, base: str | None) -> Cleaned:
    """Sanitize a piece of HTML that is not from a feed; implements `CleanHtmlOf`."""
    return clean(tidy(text, MAX_TEXT).strip(), base)


def authors(raw: object) -> tuple[str, ...]:
    """Return the names of the authors, without duplicates."""
    found = _get(raw, "authors")
    return people(_get(one, "name") for one in found) if isinstance(found, Sequence) else ()


def published(raw: object) -> datetime | None:
    """Return when the entry was published, from the first of its dates that can be parsed."""
    found = _get(raw, "dates")
    dates = sorted(found, key=lambda one: one[0]) if isinstance(found, list) else ()
    return next((at for _, text in dates if (at := moment(text))), None)


def categories(terms: Iterable[str]) -> tuple[str, ...]:
    """Return the entry's categories, without duplicates that differ only in case."""
    found: dict[str, str] = {}
    for term in terms:
        if term:
            found.setdefault(term.casefold(), term)
    return tuple(found.values())[:MAX_CATEGORIES]


def language(stated: object) -> str | None:
    """Return a language tag (BCP 47) in lower case; None if it is not one."""
    text = tidy(stated, 40).strip()
    return text.replace("_", "-").lower() if _LANGUAGE.match(text) else None


def _get(raw: object, name: str) -> object:
    """Read a key as stored, without feedparser's mapping to other keys and its warnings."""
    return dict.get(raw, name) if isinstance(raw, dict) else None
