"""What HTML says, whatever makes it harmless: words, elements and addresses as they are written."""

from __future__ import annotations

import re

# Nothing here can be tried in two ways, so that no input takes more than a time in proportion.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)(?=[\s/>]).*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<(/?[a-zA-Z][^\s/<>]*)([^<>]*)>?")
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
    if "<" not in html:
        return " ".join(html.split())
    return " ".join(_TAG.sub(_tag, _UNSEEN.sub("", html)).split())


def _tag(found: re.Match[str]) -> str:
    name, attributes = found.groups()
    if "=" not in attributes:
        return f"<{name.lower()}>"
    return f"<{' '.join((name.lower(), *_ADDRESS.findall(attributes)))}>"
