"""Detect the encoding of a feed's bytes, and decode them despite invalid bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""Encodings that are decoded as a superset that is usually meant (WHATWG Encoding Standard)."""
_ALIASES = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
}
_UNSUITABLE = frozenset({"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape"})
_SNIFF_BYTES = 400
_WRONG = re.compile("\ufffd")
_HEAD_BYTES = 2_000
_MANY_WRONG = 20
_MOST, _MANY, _FEW = 0.9, 0.15, 0.05
_FALLBACK = "cp1252"
_BEYOND_ASCII = bytes(range(0x80, 0x100))


def decode(body: bytes, content_type: str | None) -> str:
    """Decode bytes to text; each invalid byte becomes one U+FFFD.

    The encoding is determined by, in this order: a byte order mark; the zero bytes of UTF-16 and
    UTF-32; valid UTF-8 beyond ASCII (text in other encodings is practically never valid UTF-8); the
    charset of the Content-Type; the XML declaration (RFC 7303 section 3). A declaration that the
    bytes contradict is ignored. White space at the beginning is removed.
    """
    encoding, bom = encoding_of(body, content_type)
    return body[bom:].decode(encoding, "replace").lstrip("\ufeff\0 \t\r\n")


def encoding_of(body: bytes, content_type: str | None) -> tuple[str, int]:
    """Return Python's name of the encoding, and the length of the byte order mark."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return encoding, len(bom)
    if wide := _wide(body[:_SNIFF_BYTES]):
        return wide, 0
    is_ascii = body.isascii()
    if not is_ascii and _is_utf8(body):
        return "utf-8", 0
    for claimed in _declared_encodings(body, content_type):
        if claimed == "utf-8":
            if is_ascii or _is_nearly_utf8(body):
                return claimed, 0
        elif is_ascii or claimed != "ascii":
            return claimed, 0
    # XML without a declaration is UTF-8.
    return ("utf-8" if is_ascii or _is_nearly_utf8(body) else _FALLBACK), 0


def _wide(head: bytes) -> str | None:
    """Detect UTF-16 and UTF-32 by the places of the zero bytes of ASCII characters."""
    if b"\0" not in head:
        return None
    places = [head[place::4] for place in range(4)]
    first, second, third, fourth = (part.count(0) / max(len(part), 1) for part in places)
    if min(third, fourth) > _MOST and second > _MANY:
        return "utf-32-le"
    if min(first, second) > _MOST and third > _MANY:
        return "utf-32-be"
    if min(second, fourth) > _MANY and max(first, third) < _FEW:
        return "utf-16-le"
    if min(first, third) > _MANY and max(second, fourth) < _FEW:
        return "utf-16-be"
    return None


def _declared_encodings(body: bytes, content_type: str | None) -> Iterator[str]:
    """Yield the declared encodings that Python knows, in the order of their precedence."""
    charset = _CHARSET.search(content_type or "")
    declared = _DECLARED.search(body, 0, _HEAD_BYTES)
    for name in (charset and charset[1], declared and declared[1].decode()):
        known = _known(name) if name else None
        # Their zero bytes would have been detected.
        if known and not known.startswith(("utf-16", "utf-32")):
            yield known


def _known(name: str) -> str | None:
    lower = name.lower()
    try:
        found = codecs.lookup(_ALIASES.get(lower, lower))
    except (LookupError, ValueError):
        return None
    if found.name in _UNSUITABLE or not getattr(found, "_is_text_encoding", True):
        return None
    return _SUPERSETS.get(found.name, "utf-8" if found.name == "utf-8-sig" else found.name)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_nearly_utf8(body: bytes) -> bool:
    """Return whether the bytes are UTF-8 with a few invalid bytes, not another encoding.

    In UTF-8 most bytes beyond ASCII form valid characters; in other encodings about one in ten
    does by chance. Invalid bytes in ASCII text count as UTF-8, unless one is next to a letter: then
    it is probably a letter of a Western encoding.
    """
    text = body.decode("utf-8", "replace")
    wrong = text.count("\ufffd") - body.count("\ufffd".encode())
    ascii_characters = len(body.translate(None, _BEYOND_ASCII))
    right = len(text) - ascii_characters - wrong
    if right:
        return right * 2 >= wrong
    if wrong > _MANY_WRONG:
        return False
    places = (found.start() for found in _WRONG.finditer(text))
    beside = "".join(text[max(at - 1, 0) : at] + text[at + 1 : at + 2] for at in places)
    return not any(one.isalpha() or one == "\ufffd" for one in beside)
