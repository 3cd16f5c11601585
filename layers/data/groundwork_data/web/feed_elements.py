"""Handlers of feed elements for feedparser, without its guesses (see `feed_parser`).

This relies on methods that feedparser does not document, so its version is pinned.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, unescape

from feedparser.api import LooseFeedParser, StrictFeedParser


class _AsWritten:
    """Handlers of elements, which feedparser calls by name, replacing its own."""

    entries: list[dict[str, Any]]
    contentparams: dict[str, Any]
    elementstack: list[Any]
    inentry: int
    insource: int
    inauthor: int
    resolve_relative_uris = False
    sanitize_html = False

    def __init__(self, address: str, *arguments: object) -> None:
        self._address = address
        self.entry_is_open = False
        self._in_medium = 0
        self._guesses_html = True
        self._keeps_relative = True
        super().__init__(address, None, "utf-8", *arguments)  # type: ignore[call-arg]

    # Entries.
    def _start_item(self, attributes: dict[str, str]) -> None:
        super()._start_item(attributes)  # type: ignore[misc]
        self.entry_is_open = True
        self._in_medium = 0
        self.entries[-1].setdefault("dates", [])
        self.entries[-1]["languages"] = {"entry": _language(attributes)}

    def _end_item(self) -> None:
        super()._end_item()  # type: ignore[misc]
        self.entry_is_open = False

    _start_entry, _end_entry = _start_item, _end_item

    def resolve_uri(self, uri: str) -> str:
        """Resolve against `xml:base`; without one, leave the address to `entry_links`."""
        if self._keeps_relative and self.baseuri == self._address:  # type: ignore[attr-defined]
            return uri
        return str(super().resolve_uri(uri))  # type: ignore[misc]

    def _end_guid(self) -> None:
        written = "".join(map(str, self.elementstack[-1][2])) if self.elementstack else ""
        self._keeps_relative = False
        super()._end_guid()  # type: ignore[misc]
        self._keeps_relative = True
        if self.inentry and not self.insource:
            self.entries[-1]["guid_as_written"] = written

    _end_id = _end_guid

    # Texts.
    def push_content(
        self, tag: str, attributes: dict[str, str], kind: str, expecting_text: object
    ) -> None:
        """Begin a text, and store its `xml:lang`."""
        if self.inentry and not self.insource:
            self.entries[-1].setdefault("languages", {}).setdefault(tag, _language(attributes))
        super().push_content(tag, attributes, kind, expecting_text)  # type: ignore[misc]

    def looks_like_html(self, text: str) -> bool:
        """Guess whether a text of RSS is HTML; titles are plain text."""
        return self._guesses_html and super().looks_like_html(text)  # type: ignore[misc]

    def _end_title(self) -> None:
        self._guesses_html = False
        super()._end_title()  # type: ignore[misc]
        self._guesses_html = True

    def _start_description(self, attributes: dict[str, str]) -> None:
        self.push_content("summary", attributes, "text/html", 1)

    def _start_summary(self, attributes: dict[str, str]) -> None:
        self.push_content("summary", attributes, "text/plain", 1)

    def _end_summary(self) -> None:
        self._end_text("summary")

    _start_abstract = _start_summary
    _end_description = _end_abstract = _end_summary

    def _start_dc_description(self, attributes: dict[str, str]) -> None:
        self.push_content("dc_description", attributes, "text/html", 1)

    def _end_dc_description(self) -> None:
        self._end_text("dc_description")

    def _start_itunes_summary(self, attributes: dict[str, str]) -> None:
        self.push_content("itunes_summary", attributes, "text/plain", 1)

    def _end_itunes_summary(self) -> None:
        self._end_text("itunes_summary")

    def _start_media_content(self, attributes: dict[str, str]) -> None:
        self._in_medium += 1
        super()._start_media_content(attributes)  # type: ignore[misc]

    def _end_media_content(self) -> None:
        self._in_medium = max(self._in_medium - 1, 0)

    def _start_media_description(self, attributes: dict[str, str]) -> None:
        # Within media:content this element is a caption; elsewhere it describes the entry.
        self._medium_text = "caption" if self._in_medium else "media_description"
        self.push_content(self._medium_text, attributes, "text/plain", 1)

    def _end_media_description(self) -> None:
        self._end_text(self._medium_text)

    def _end_text(self, name: str) -> None:
        """Store a text; only the first of its kind is used."""
        context = self._get_context()  # type: ignore[attr-defined]
        before = dict.get(context, f"{name}_detail")
        self.pop_content(name)  # type: ignore[attr-defined]
        if before and before.get("value"):
            context[f"{name}_detail"] = before

    # Dates.
    def _end_published(self) -> None:
        self._note_date("published", 0)

    def _end_updated(self) -> None:
        self._note_date("updated", 2)

    def _end_dc_date(self) -> None:
        self._note_date("updated", 1)

    def _end_created(self) -> None:
        self._note_date("created", 3)

    def _end_expirationdate(self) -> None:
        self.pop("expired")  # type: ignore[attr-defined]

    def _end_dcterms_valid(self) -> None:
        self.pop("validity")  # type: ignore[attr-defined]

    _end_issued = _end_pubdate = _end_published
    _end_modified = _end_lastbuilddate = _end_updated

    def _note_date(self, name: str, rank: int) -> None:
        """Store a date as written, with its rank among the dates of the entry."""
        value = self.pop(name)  # type: ignore[attr-defined]
        if value and self.inentry and not self.insource:
            self.entries[-1].setdefault("dates", []).append((rank, value))

    # People.
    def _end_author(self) -> None:
        value = self.pop("author")  # type: ignore[attr-defined]
        self.inauthor = 0
        authors = dict.get(self._get_context(), "authors")  # type: ignore[attr-defined]
        if value and authors:
            authors[-1].setdefault("name", value)

    _end_managingeditor = _end_author

    def _save_author(self, key: str, value: str, prefix: str = "author") -> None:
        """Store a part of a person; the owner of a podcast is not an author."""
        context = self._get_context()  # type: ignore[attr-defined]
        if prefix == "author" and dict.get(context, "authors"):
            context["authors"][-1][key] = value

    def _sync_author_detail(self, key: str = "author") -> None:
        """Keep names as written."""


class StrictParser(_AsWritten, StrictFeedParser):  # type: ignore[misc]
    """Parses well-formed XML."""

    def characters(self, text: str) -> None:
        """Append a piece of text; called hundreds of times per entry, so kept cheap."""
        if self.elementstack:
            is_markup = dict.get(self.contentparams, "type") == "application/xhtml+xml"
            self.elementstack[-1][2].append(escape(text) if is_markup else text)


class LooseParser(_AsWritten, LooseFeedParser):  # type: ignore[misc]
    """Parses markup that is not well-formed XML."""

    def decode_entities(self, element: str, data: str) -> str:
        """Decode XML entities also in elements without a text construct."""
        if "type" not in self.contentparams:
            return unescape(data, {"&quot;": '"', "&apos;": "'", "&#39;": "'", "&#34;": '"'})
        return str(super().decode_entities(element, data))


def _language(attributes: dict[str, str]) -> str | None:
    return attributes.get("xml:lang") or attributes.get("lang")
