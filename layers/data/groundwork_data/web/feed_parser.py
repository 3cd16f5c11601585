"""feedparser, less what it guesses: texts, names, dates and languages stay as they are written.

feedparser knows the elements of every kind of feed and reads broken XML. Its own decoding, dates,
names, sanitizer and resolver are not used, and no text replaces another. This relies on methods
that feedparser does not document, so its version is pinned.
"""

from __future__ import annotations

import io
import re
import sys
import xml.sax
from dataclasses import dataclass
from html.entities import html5
from typing import Any
from xml.sax.handler import feature_external_ges, feature_namespaces
from xml.sax.saxutils import escape, unescape
from xml.sax.xmlreader import InputSource

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.sanitizer import replace_doctype

_DECLARATION = re.compile(r"<\?xml[^>]*>\s*")
# In CDATA an ampersand is an ampersand.
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:#(?:([0-9]{1,8})|[xX]([0-9a-fA-F]{1,8}));|(\w+;))?", re.DOTALL
)
_XML_NAMES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ROOT_ENDS = re.compile(
    r"</(?:\w+:)?(?:rss|feed|rdf)\s*>|</(?:\w+:)?channel\s*>\s*\Z", re.IGNORECASE
)
_TAIL = 20_000
"""How much may follow the end of the feed, such as a page's script."""
_EARLY_END = frozenset({3, 5, 6, 20})
"""What expat answers where the input ends within an element, a token, a character, CDATA."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A feed as feedparser's dictionaries."""

    version: str
    """`rss20`, `atom10` and so on; empty for a kind that is not known."""
    feed: dict[str, Any]
    entries: list[dict[str, Any]]
    error: str | None
    """What is wrong with the XML, in a line."""
    ends_early: bool
    half_entries: int
    """How many entries are left out because the feed ends within them: none or one."""


def parse(text: str, address: str) -> Parsed:
    """Read a feed: as XML, else as XML with its usual faults repaired, else as tag soup."""
    text = _DECLARATION.sub("", text, count=1) if text.startswith("<?xml") else text
    ends_early = _ROOT_ENDS.search(text[-_TAIL:]) is None
    version, data, entities = replace_doctype(text.encode())
    parser, first = _strict(data, address)
    error = first
    if error and not (ends_early and error.code in _EARLY_END):
        repaired = _AMPERSAND.sub(_repaired, _NOT_XML.sub("", data.decode())).encode()
        parser, error = _strict(repaired, address)
        if error and not (ends_early and error.code in _EARLY_END):
            parser = _Loose(address, entities)
            parser.feed(repaired.decode())
    half = parser.entries.pop() if ends_early and parser.entry_is_open else None
    return Parsed(
        version=version or parser.version,
        feed=parser.feeddata,
        entries=parser.entries,
        error=first.line if first else None,
        ends_early=first is not None and ends_early,
        half_entries=0 if half is None else 1,
    )


@dataclass(frozen=True, slots=True)
class _Error:
    code: int
    line: str


def _strict(data: bytes, address: str) -> tuple[Any, _Error | None]:
    """Read XML with expat, which fetches nothing that the document names."""
    parser = _Strict(address)
    reader = xml.sax.make_parser()  # noqa: S317 - no declaration that expands or fetches is left
    reader.setFeature(feature_namespaces, 1)
    reader.setFeature(feature_external_ges, 0)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = InputSource()
    source.setEncoding("utf-8")
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except xml.sax.SAXParseException as error:
        code = getattr(error.getException(), "code", 0)
        return parser, _Error(code, f"{error.getMessage()} in line {error.getLineNumber()}")
    except xml.sax.SAXException as error:
        return parser, _Error(0, error.getMessage())
    return parser, None


def _repaired(found: re.Match[str]) -> str:
    """Write a reference as XML knows it; an ampersand that is none of one is a character."""
    if found[0].startswith("<"):
        return found[0]
    decimal, hexadecimal, name = found.groups()
    if decimal or hexadecimal:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        is_text = number <= sys.maxunicode and not _NOT_XML.match(chr(number))
        return found[0] if is_text else "&#65533;"
    if name is None:
        return "&amp;"
    if name in _XML_NAMES:
        return found[0]
    return "".join(f"&#{ord(one)};" for one in html5[name]) if name in html5 else f"&amp;{name}"


class _AsWritten:
    """Handlers of elements, called by name, in place of feedparser's own."""

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
        """Resolve against `xml:base`. Without one, who reads the entry knows what to do."""
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
        """Begin a text, and note in which language it says to be."""
        if self.inentry and not self.insource:
            self.entries[-1].setdefault("languages", {}).setdefault(tag, _language(attributes))
        super().push_content(tag, attributes, kind, expecting_text)  # type: ignore[misc]

    def looks_like_html(self, text: str) -> bool:
        """Guess what RSS does not say. Titles are plain text."""
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
        # Within a medium it is a caption; elsewhere it describes the entry.
        self._medium_text = "caption" if self._in_medium else "media_description"
        self.push_content(self._medium_text, attributes, "text/plain", 1)

    def _end_media_description(self) -> None:
        self._end_text(self._medium_text)

    def _end_text(self, name: str) -> None:
        """Keep a text; the first of its kind counts."""
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
        """Keep a date as it is written, with its rank among those of the entry."""
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
        """Keep a part of a person; the owner of a podcast is no author."""
        context = self._get_context()  # type: ignore[attr-defined]
        if prefix == "author" and dict.get(context, "authors"):
            context["authors"][-1][key] = value

    def _sync_author_detail(self, key: str = "author") -> None:
        """Leave names as they are written."""


class _Strict(_AsWritten, StrictFeedParser):  # type: ignore[misc]
    """Reads well-formed XML."""

    def characters(self, text: str) -> None:
        """Take a piece of text. There are hundreds in an entry, so this asks little."""
        if self.elementstack:
            is_markup = dict.get(self.contentparams, "type") == "application/xhtml+xml"
            self.elementstack[-1][2].append(escape(text) if is_markup else text)


class _Loose(_AsWritten, LooseFeedParser):  # type: ignore[misc]
    """Reads what looks like XML."""

    def decode_entities(self, element: str, data: str) -> str:
        """Decode what XML escapes in elements that hold no text construct, too."""
        if "type" not in self.contentparams:
            return unescape(data, {"&quot;": '"', "&apos;": "'", "&#39;": "'", "&#34;": '"'})
        return str(super().decode_entities(element, data))


def _language(attributes: dict[str, str]) -> str | None:
    return attributes.get("xml:lang") or attributes.get("lang")
