"""In which encoding bytes are, whatever is claimed about them."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)


def charset_of(body: bytes, content_type: str | None) -> str | None:
    """Return the encoding to read a feed in; None leaves it to the XML.

    Bytes beyond ASCII that are valid UTF-8 are UTF-8: no other encoding in use looks like it by
    chance, and it is what wrong headers and declarations are most often wrong about. Else the
    XML's own declaration counts, then the header's charset.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    if not body.isascii() and _is_utf8(body):
        return "utf-8"
    if _DECLARED.match(body):
        return None
    claimed = _HEADER.search(content_type or "")
    if claimed and _is_known(claimed.group(1)):
        return claimed.group(1).lower()
    return None if body.isascii() else "windows-1252"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_known(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True
