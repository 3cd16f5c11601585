"""Resolve the addresses of an entry of RSS, Atom or RDF: its link, its enclosures, its base."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from groundwork_core.documents.model import Enclosure
from groundwork_data.web.links import absolute
from groundwork_data.web.text import tidy

MAX_ENCLOSURES = 50
MAX_LENGTH_BYTES = 2**53 - 1
MAX_TEXT = 10_000
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:\s*;[\x20-\x7e]{0,100})?")
_DIGITS = re.compile(r"[0-9]{1,16}")
_ADDRESS = re.compile(r"\s*(?:https?:/)?/", re.IGNORECASE)
_PLAYED = ("audio", "video")


class EntryLinks:
    """Reads addresses in the entries of one feed.

    `xml:base` has priority, in Atom (RFC 4287 section 2) and in RSS. Without it, an address in RSS
    is relative to the channel's link, and in Atom to the feed's own URL.
    """

    def __init__(self, site: str | None, feed_url: str, *, is_atom: bool) -> None:
        """`site` is the feed's own link, absolute; `feed_url` is where the feed was fetched."""
        self._site = site
        self._feed_url = feed_url
        self._is_atom = is_atom
        self._base = feed_url if is_atom else site or feed_url

    def address(self, raw: object, enclosures: Sequence[Enclosure]) -> str | None:
        """Return the entry's URL: its link, else its first alternate, else its first enclosure."""
        stated = (self._absolute(one) for one in self._stated(raw))
        found = next((one for one in stated if one), None)
        return found or (enclosures[0].url if enclosures else None)

    def enclosures(self, raw: object) -> tuple[Enclosure, ...]:
        """Return the entry's enclosures, without duplicates."""
        found: dict[str, Enclosure] = {}
        for one in _enclosures(raw):
            url = self._absolute(_first(one, "href", "url"))
            if url is not None:
                size = _first(one, "length", "filesize")
                found.setdefault(url, enclosure(url, _get(one, "type"), size))
        return tuple(found.values())[:MAX_ENCLOSURES]

    def base_of(self, detail: object, url: str | None) -> str:
        """Return the base of relative addresses in a text; `url` is the entry's URL."""
        stated = _get(detail, "base")
        if isinstance(stated, str) and stated != self._feed_url:
            whole = absolute(stated, self._feed_url)
            if whole is not None:
                return whole
        return (None if self._is_atom else self._site) or url or self._feed_url

    def _stated(self, raw: object) -> Iterator[object]:
        link = _get(raw, "link")
        if _get(raw, "guidislink") and link == _get(raw, "id"):
            # In RSS a guid is a link unless it says otherwise, but many are only names.
            written = str(_get(raw, "guid_as_written"))
            link = written if _ADDRESS.match(written) else None
        if not self._is_atom:
            yield link
        for one in _alternates(raw):
            if _get(one, "type") == "text/html":
                yield _get(one, "href")
        if self._is_atom:
            yield link
        for one in _alternates(raw):
            yield _get(one, "href")

    def _absolute(self, stated: object) -> str | None:
        return absolute(tidy(stated, MAX_TEXT), self._base)


def enclosure(url: str, media_type: object, length: object) -> Enclosure:
    """Return an enclosure; an implausible type or size is dropped."""
    kind = tidy(media_type, MAX_TEXT).strip()
    size = str(length).strip() if isinstance(length, (str, int)) else ""
    is_size = not isinstance(length, bool) and _DIGITS.fullmatch(size) is not None
    return Enclosure(
        url,
        kind if _MEDIA_TYPE.fullmatch(kind) else None,
        int(size) if is_size and int(size) <= MAX_LENGTH_BYTES else None,
    )


def _alternates(raw: object) -> Iterator[object]:
    return (one for one in _list(raw, "links") if _get(one, "rel") == "alternate")


def _enclosures(raw: object) -> Iterator[object]:
    """Yield enclosures. Images of Media RSS are left out, because they are often avatars."""
    for one in _list(raw, "links"):
        if _get(one, "rel") == "enclosure":
            # feedparser sets text/html if no type is given.
            yield one | {"type": None} if _get(one, "type") == "text/html" else one
    for one in _list(raw, "media_content"):
        if str(_get(one, "medium") or _get(one, "type")).lower().startswith(_PLAYED):
            yield one


def _list(raw: object, name: str) -> list[dict[str, object]]:
    found = _get(raw, name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _first(one: object, *names: str) -> object:
    return next((found for name in names if (found := _get(one, name))), None)


def _get(raw: object, name: str) -> object:
    """Read a key as stored, without feedparser's mapping to other keys and its warnings."""
    return dict.get(raw, name) if isinstance(raw, dict) else None
