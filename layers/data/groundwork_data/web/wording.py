"""Reduce HTML to its wording: words, elements and URLs, independent of the sanitizer."""

from __future__ import annotations

import re

# No pattern here can match in two ways, so that the time is linear in the input.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)(?=[\s/>]).*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
# Elements with attributes; others are kept unchanged.
_TAG = re.compile(r"<([a-zA-Z][^\s/<>]*)[\s/]([^<>]*)")
_ADDRESS = re.compile(
    r"""(?<![\w-])(?:href|src|srcset|poster|cite|data-[a-z-]{1,20})\s*=\s*
    ("[^"]*"|'[^']*'|[^\s"'<>]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def wording(html: str) -> str:
    """Return the wording of HTML, for the content hash.

    The wording changes with each word, element or URL. It does not change with comments, scripts
    and other attributes, because many publishing systems generate these for each request. It does
    not depend on the sanitizer. If this function changes, each stored document gets one new
    revision.
    """
    if "<" in html:
        html = _TAG.sub(_tag, _UNSEEN.sub("", html) if _has_unseen(html) else html)
    return " ".join(html.split())


def _has_unseen(html: str) -> bool:
    """Return whether the HTML may contain a comment, script or style. Fast, not exact."""
    return "<!--" in html or re.search("<s(?:cript|tyle)", html, re.IGNORECASE) is not None


def _tag(found: re.Match[str]) -> str:
    name, attributes = found.groups()
    return (
        f"<{' '.join((name, *_ADDRESS.findall(attributes)))}" if "=" in attributes else f"<{name}"
    )
