"""Clean untrusted texts for Postgres, JSON and display."""

from __future__ import annotations

import re
from html import escape, unescape

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def tidy(text: object, limit: int) -> str:
    """Return text without NUL, control characters and lone surrogates, cut to a length."""
    if not isinstance(text, str):
        return ""
    cut = text if len(text) <= limit else text[:limit]
    return _CONTROL.sub("", cut)


def one_line(text: str) -> str:
    """Return plain text in one line, with single spaces."""
    return " ".join(text.split())


def decoded(text: str) -> str:
    """Return plain text of RSS with its character references decoded.

    RSS does not define how often a text is escaped, and many feeds escape twice. An ampersand that
    does not begin a complete reference is kept, and so are texts that look like tags.
    """
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda found: _CONTROL.sub("", unescape(found[0])), text)


def as_html(text: str) -> str:
    """Escape a plain text as HTML."""
    return escape(text, quote=False).strip()
