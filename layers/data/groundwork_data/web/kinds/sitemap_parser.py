"""Parse sitemaps (https://www.sitemaps.org/protocol.html) as a stream, with hard limits.

This module uses expat directly: a declaration of a document type or an entity ends the parsing,
which excludes entity bombs and external entities. Depth, lengths and counts are limited.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_ADDRESSES = 50_000
"""Addresses of one file, by the protocol; further ones are ignored."""
MAX_BYTES = 52_428_800
"""The size of one file after decompression, by the protocol."""
MAX_DEPTH = 12
MAX_TEXT = 4_096
CHUNK_BYTES = 65_536
GZIP = b"\x1f\x8b"
NEWS = "http://www.google.com/schemas/sitemap-news/"
_TEXTS = frozenset({"loc", "lastmod", "title", "publication_date", "language"})


class BadSitemap(Exception):
    """The file cannot be read as a sitemap; the message says why."""


@dataclass(slots=True)
class SitemapEntry:
    """One address of a sitemap, or one sitemap of an index, as written."""

    loc: str = ""
    lastmod: str = ""
    title: str = ""
    published: str = ""
    language: str = ""


@dataclass(slots=True)
class Sitemap:
    """The contents of one file."""

    is_index: bool = False
    listed: list[SitemapEntry] = field(default_factory=list)
    too_many: bool = False
    error: str | None = None
    """Reason that the file ends early, if it has addresses before that."""


class _Stop(Exception):
    """Raised to end the parsing when enough was read."""


def parse_sitemap(body: bytes) -> Sitemap:
    """Parse a sitemap, an index of sitemaps, or a text with one address per line; gzip or not.

    Raises:
        BadSitemap: the file is something else, too large, or declares a document type.
    """
    head = _start(body)
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _lines(body)
    reader = _SitemapReader()
    try:
        for chunk in _chunks(body):
            reader.parser.Parse(chunk)
        reader.parser.Parse(b"", True)  # noqa: FBT003 - expat takes no names
    except _Stop:
        reader.sitemap.too_many = True
    except expat.ExpatError as error:
        if not reader.sitemap.listed:
            raise BadSitemap(f"it is not well-formed XML: {error}") from None
        reader.sitemap.error = str(error)
    if not reader.known_root:
        raise BadSitemap("it has neither `urlset` nor `sitemapindex`")
    return reader.sitemap


class _SitemapReader:
    def __init__(self) -> None:
        self.sitemap = Sitemap()
        self.known_root = False
        self._path: list[str] = []
        self._current: SitemapEntry | None = None
        self._text: list[str] = []
        self._length = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._path:
            if local not in ("urlset", "sitemapindex"):
                raise BadSitemap(f"its root is `{local[:50]}`")
            self.known_root, self.sitemap.is_index = True, local == "sitemapindex"
        self._path.append(name)
        if len(self._path) > MAX_DEPTH:
            raise BadSitemap("it is nested too deeply")
        if len(self._path) == 2:  # noqa: PLR2004 - a child of the root
            self._current = SitemapEntry() if local in ("url", "sitemap") else None
        self._text, self._length = [], 0

    def _characters(self, text: str) -> None:
        if self._length < MAX_TEXT:
            self._text.append(text)
            self._length += len(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        namespace, _, local = name.rpartition(" ")
        if self._current is None:
            return
        if local in _TEXTS:
            self._keep(namespace, local, "".join(self._text)[:MAX_TEXT].strip())
        if len(self._path) == 1:
            if self._current.loc:
                if len(self.sitemap.listed) >= MAX_ADDRESSES:
                    raise _Stop
                self.sitemap.listed.append(self._current)
            self._current = None

    def _keep(self, namespace: str, local: str, text: str) -> None:
        found = self._current
        if found is None:
            return
        if len(self._path) == 2:  # noqa: PLR2004 - directly in url or sitemap
            if local == "loc":
                found.loc = text
            elif local == "lastmod":
                found.lastmod = text
        elif namespace.startswith(NEWS):
            if local == "title":
                found.title = text
            elif local == "publication_date":
                found.published = text
            elif local == "language":
                found.language = text


def _refuse(*_: object) -> None:
    raise BadSitemap("it declares a document type, which no sitemap needs")


def _start(body: bytes) -> bytes:
    return next(_chunks(body), b"") if body.startswith(GZIP) else body[:CHUNK_BYTES]


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the decompressed bytes in pieces. Raises BadSitemap beyond the limit."""
    if not body.startswith(GZIP):
        if len(body) > MAX_BYTES:
            raise BadSitemap("it is larger than 50 MB")
        for at in range(0, len(body), CHUNK_BYTES):
            yield body[at : at + CHUNK_BYTES]
        return
    unpacker, size, rest = zlib.decompressobj(31), 0, body
    try:
        while rest and not unpacker.eof:
            chunk = unpacker.decompress(rest, CHUNK_BYTES)
            rest = unpacker.unconsumed_tail
            size += len(chunk)
            if size > MAX_BYTES:
                raise BadSitemap("it is larger than 50 MB after decompression")
            if chunk:
                yield chunk
            elif not rest:
                break
    except zlib.error as error:
        raise BadSitemap(f"its compression is broken: {error}") from None


def _lines(body: bytes) -> Sitemap:
    """Read a text sitemap: one address per line."""
    found, text = Sitemap(), b"".join(_chunks(body)).decode("utf-8", "replace")
    for line in text.splitlines():
        address = line.strip("\ufeff \t")
        if not address:
            continue
        if not address.lower().startswith(("http://", "https://")):
            raise BadSitemap("it is neither XML nor a list of addresses")
        if len(found.listed) >= MAX_ADDRESSES:
            found.too_many = True
            break
        found.listed.append(SitemapEntry(address[:MAX_TEXT]))
    if not found.listed:
        raise BadSitemap("it has no addresses")
    return found
