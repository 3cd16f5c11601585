"""Read and write OPML (http://opml.org/spec2.opml): lenient reader, strict writer.

A file that declares a document type or an entity is refused, which excludes XML bombs and external
entities; real OPML files declare none.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.entities import html5
from urllib.parse import urljoin
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

SNIFF_BYTES = 1_024
UNICODE_END = 0x11_0000
FEED_TYPES = frozenset({"rss", "rss1", "rss2", "atom", "rdf", "feed"})
_ENCODING = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']\s*([A-Za-z][\w.:-]{0,39})""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&(#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};|)")
_STRAY_LESS = re.compile(r"<(?![A-Za-z_/!?])")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


class NotOpml(Exception):
    """The file cannot be read as OPML; the message says why."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of an OPML file, as written."""

    line: int
    url: str
    title: str
    folders: tuple[str, ...]
    category: str
    base: str
    """The base of a relative address: `htmlUrl` or `xml:base`; empty when unknown."""


def decode(data: bytes, charset: str | None = None) -> str:
    """Decode a list of feeds; invalid bytes are replaced.

    Args:
        data: the file.
        charset: the encoding that the transport states, if any. It takes precedence over the
            file's declaration (RFC 7303 section 3.2) if the bytes are valid in it; a byte order
            mark takes precedence over both.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if data[:4] in (b"<\0?\0", b"<\0o\0"):
        return data.decode("utf-16-le", "replace")
    if data[:4] in (b"\0<\0?", b"\0<\0o"):
        return data.decode("utf-16-be", "replace")
    declared = _ENCODING.search(data[:SNIFF_BYTES])
    stated = [_known(charset), _known(declared[1].decode("ascii") if declared else None)]
    candidates = [encoding for encoding in stated if encoding] or ["utf-8"]
    for encoding in candidates:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    if any(stated):
        return data.decode(candidates[0], "replace")
    # Many invalid bytes: an undeclared older encoding. Few: damage.
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    letters = sum(1 for c in text if c > "\x7f" and c != "\ufffd")
    return data.decode("cp1252", "replace") if damaged > letters else text


def _known(encoding: str | None) -> str | None:
    """Return the codec of a declared encoding if it is one of 8-bit text, else None."""
    try:
        found = codecs.lookup(encoding or "")
    except LookupError:
        return None
    if not getattr(found, "_is_text_encoding", True) or found.name.startswith(("utf-16", "utf-32")):
        return None  # the declaration was readable as ASCII
    return found.name


def read_opml(text: str) -> list[Outline]:
    """Return all outlines that are feeds, in order; `url` may be empty.

    Bare `&` and `<`, HTML entities, and characters that are invalid in XML are accepted.

    Raises:
        NotOpml: it is not well-formed XML, has another root, or declares a document type.
    """
    reader = _Reader()
    reader.parse(_repaired(text))
    return sorted(reader.found, key=lambda one: one.line)


class _Reader:
    """Collects outlines while expat parses."""

    def __init__(self) -> None:
        self.found: list[Outline] = []
        self._folders: list[str] = []
        self._bases: list[str] = [""]
        self._depth = 0
        self._empty: list[Outline | None] = []
        """Open outlines; None unless they are typed as feeds without address or children."""
        self._parser = expat.ParserCreate("utf-8")

    def parse(self, text: str) -> None:
        parser = self._parser
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(text.encode("utf-8", "replace"), True)  # noqa: FBT003 - expat's own signature
        except expat.ExpatError as error:
            message = f"the OPML file is not XML: {error}"
            raise NotOpml(message) from error

    def _refuse(self, *_: object) -> None:
        message = "an OPML file must not declare a document type or entities"
        raise NotOpml(message)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and tag.lower() != "opml":
            message = f"this is XML, but not OPML: its root is <{tag[:40]}>"
            raise NotOpml(message)
        self._depth += 1
        stated = {name.lower(): value for name, value in attributes.items()}
        base = urljoin_or(self._bases[-1], stated.get("xml:base", ""))
        self._bases.append(base)
        if tag.lower() != "outline":
            return
        title = (stated.get("title") or stated.get("text") or "").strip()
        is_feed = stated.get("type", "").strip().lower() in FEED_TYPES
        url = (stated.get("xmlurl", "") or (stated.get("url", "") if is_feed else "")).strip()
        outline = Outline(
            line=self._parser.CurrentLineNumber,
            url=url,
            title=title,
            folders=tuple(folder for folder in self._folders if folder),
            category=stated.get("category", ""),
            base=stated.get("htmlurl", "").strip() or base,
        )
        if url:
            self.found.append(outline)
        self._folders.append("" if url else title)
        self._empty[-1:] = [None] if self._empty else []
        self._empty.append(outline if not url and (is_feed or "xmlurl" in stated) else None)

    def _end(self, tag: str) -> None:
        self._bases.pop()
        if tag.lower() == "outline":
            self._folders.pop()
            empty = self._empty.pop()
            if empty is not None:
                self.found.append(empty)


def urljoin_or(base: str, address: str) -> str:
    """Join like `urljoin`; return an unparsable address unchanged."""
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _repaired(text: str) -> str:
    body = _NOT_XML.sub("", text.lstrip("\ufeff \t\r\n"))
    declaration = _DECLARATION.match(body)
    if declaration:
        # Drop the declaration, whose encoding no longer applies; keep the line numbers.
        body = "\n" * declaration[0].count("\n") + body[declaration.end() :]
    return _STRAY_LESS.sub("&lt;", _REFERENCE.sub(_reference, body))


def _reference(found: re.Match[str]) -> str:
    name = found[1]
    if not name:
        return "&amp;"
    if name in _XML_ENTITIES:
        return found[0]
    if name.startswith("#"):
        number = int(name[2:-1], 16) if name[1] == "x" else int(name[1:-1])
        fine = number < UNICODE_END and not _NOT_XML.match(chr(number))
        return found[0] if fine else ""
    known = html5.get(name)
    return "".join(f"&#{ord(c)};" for c in known) if known else f"&amp;{name}"


@dataclass(frozen=True, slots=True)
class Feed:
    """A source in an OPML file."""

    name: str
    url: str
    tags: tuple[str, ...]


def write_opml(title: str, feeds: Iterable[Feed]) -> str:
    """Write an OPML 2.0 file that `read_opml` can read. A comma in a tag becomes a space."""
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<opml version={quoteattr('2.0')}>",
            f"<head><title>{_attribute(title)[1:-1]}</title></head>",
            "<body>",
            *_outlines(feeds),
            "</body>",
            "</opml>",
            "",
        )
    )


def _outlines(feeds: Iterable[Feed]) -> Iterator[str]:
    for feed in feeds:
        name, tags = _attribute(feed.name), ",".join(tag.replace(",", " ") for tag in feed.tags)
        category = f" category={_attribute(tags)}" if tags else ""
        address = _attribute(feed.url)
        yield f'<outline type="rss" text={name} title={name} xmlUrl={address}{category}/>'


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("", text))
