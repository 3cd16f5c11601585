"""Parse feeds with feedparser, keeping texts, names, dates and languages as written.

feedparser knows the elements of every kind of feed and parses broken XML. Its own decoding, dates,
names, sanitizer and resolver are not used, and no text replaces another.
"""

from __future__ import annotations

import io
import re
import xml.sax
from dataclasses import dataclass
from typing import Any
from xml.sax.handler import feature_external_ges, feature_namespaces
from xml.sax.xmlreader import InputSource

from feedparser.sanitizer import replace_doctype

from groundwork_data.web.feed_elements import LooseParser, StrictParser
from groundwork_data.web.xml_repair import repaired

_DECLARATION = re.compile(r"<\?xml[^>]*>\s*")
_ROOT_ENDS = re.compile(
    r"</(?:\w+:)?(?:rss|feed|rdf)\s*>|</(?:\w+:)?channel\s*>\s*\Z", re.IGNORECASE
)
_HEAD = 2_000
_TAIL = 20_000
"""Characters that may follow the end of the feed, such as a page's script."""
_EARLY_END = frozenset({3, 5, 6, 20})
"""Errors of expat for input that ends within an element, a token, a character or CDATA."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed feed in feedparser's dictionaries."""

    version: str
    """`rss20`, `atom10` and so on; empty for an unknown kind."""
    feed: dict[str, Any]
    entries: list[dict[str, Any]]
    error: str | None
    """The first error of the XML, in one line."""
    ends_early: bool
    half_entries: int
    """Number of entries left out because the feed ends within them: 0 or 1."""


def parse(text: str, address: str) -> Parsed:
    """Parse a feed: as XML, else as XML with usual errors repaired, else as tag soup."""
    # The XML declaration is removed wherever it is, with any output of a program before it.
    text = _DECLARATION.sub("", text[:_HEAD], count=1) + text[_HEAD:]
    text = text[max(text.find("<", 0, _HEAD), 0) :]
    ends_early = _ROOT_ENDS.search(text[-_TAIL:]) is None
    version, data, entities = replace_doctype(text.encode())
    parser, first = _strict(data, address)
    error = first
    if error and not (ends_early and error.code in _EARLY_END):
        mended = repaired(data.decode())
        parser, error = _strict(mended.encode(), address)
        if error and not (ends_early and error.code in _EARLY_END):
            parser = LooseParser(address, entities)
            parser.feed(mended)
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
    """Parse XML with expat, which fetches no external entities."""
    parser = StrictParser(address)
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
    except (
        xml.sax.SAXException,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        # Input on which feedparser fails as XML may still be parsed as tag soup.
        return parser, _Error(0, f"{type(error).__name__} while reading it")
    return parser, None
