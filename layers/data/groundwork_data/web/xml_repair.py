"""Repair common errors of XML that was written by hand or with a template."""

from __future__ import annotations

import re
import sys
from html.entities import html5

# In CDATA an ampersand is not an error.
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:#(?:([0-9]{1,8})|[xX]([0-9a-fA-F]{1,8}));|(\w+;))?", re.DOTALL
)
_XML_NAMES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def repaired(text: str) -> str:
    """Replace HTML's named characters, escape bare ampersands, drop forbidden characters."""
    return _AMPERSAND.sub(_reference, _NOT_XML.sub("", text))


def _reference(found: re.Match[str]) -> str:
    """Return a character reference in a form valid in XML; escape a bare ampersand."""
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
