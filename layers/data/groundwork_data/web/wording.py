"""What HTML says, whatever makes it harmless: words, elements and addresses as they are written."""

from __future__ import annotations

import re

# Nothing here can be tried in two ways, so that no input takes more than a time in proportion.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)(?=[\s/>]).*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
# Elements with attributes; others stay as they are.
_TAG = re.compile(r"<([a-zA-Z][^\s/<>]*)[\s/]([^<>]*)")
_ADDRESS = re.compile(
    r"""(?<![\w-])(?:href|src|srcset|poster|cite|data-[a-z-]{1,20})\s*=\s*
    ("[^"]*"|'[^']*'|[^\s"'<>]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def wording(html: str) -> str:
    """Return a text that is the same for HTML that says the same, for its content's hash.

    A change of a word, of an element or of an address changes it. Comments, scripts and other
    attributes do not: many publishing systems make them anew for each request. It does not depend
    on what the sanitizer lists or how it writes; a change here makes each stored document a new
    revision, once.
    """
    if "<" in html:
        html = _TAG.sub(_tag, _UNSEEN.sub("", html) if _has_unseen(html) else html)
    return " ".join(html.split())


def _has_unseen(html: str) -> bool:
    """Whether a comment, a script or a style may be in it: looked for fast, found for sure."""
    return "<!--" in html or re.search("<s(?:cript|tyle)", html, re.IGNORECASE) is not None


def _tag(found: re.Match[str]) -> str:
    name, attributes = found.groups()
    return (
        f"<{' '.join((name, *_ADDRESS.findall(attributes)))}" if "=" in attributes else f"<{name}"
    )
