"""HTML of strangers: made harmless, and its links found, in one pass."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import urljoin, urlsplit

MAX_LINKS = 200
MAX_URL = 2_048
_SPACE = re.compile(r"[\x00-\x20\x7f]+")
# A comment, another declaration, or a tag. No part can be tried in two ways, so that no input
# takes more than a time in proportion to its length.
_TOKEN = re.compile(
    r"""<!--.*?(?:-->|\Z) | <!\[CDATA\[.*?(?:\]\]>|\Z) | <[!?][^>]*+>?
    | <(?P<end>/?)(?P<tag>[a-zA-Z][^\s/<>]*+)(?P<attributes>(?:[^<>"']++|"[^"]*"|'[^']*')*+)>?""",
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""",
)

# What remains is written anew from this list, attribute by attribute, so that nothing of the
# input's own markup survives. No element that a browser parses by other rules (svg, math, style,
# noscript, template, …) is in it.
ALLOWED: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "title"}),
    "audio": frozenset({"src", "controls"}),
    "blockquote": frozenset({"cite"}),
    "img": frozenset({"src", "alt", "title", "width", "height"}),
    "ol": frozenset({"start"}),
    "source": frozenset({"src", "type"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
    "time": frozenset({"datetime"}),
    "video": frozenset({"src", "controls", "poster", "width", "height"}),
    **dict.fromkeys(
        (
            "abbr", "article", "aside", "b", "br", "caption", "cite", "code", "dd", "del",
            "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
            "h3", "h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "li", "mark", "p", "pre",
            "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "summary",
            "sup", "table", "tbody", "tfoot", "thead", "tr", "tt", "u", "ul", "var", "wbr",
        ),
        frozenset(),
    ),
}  # fmt: skip
VOID = frozenset({"br", "hr", "img", "source", "wbr"})
URLS = frozenset({"href", "src", "cite", "poster"})
SILENT = frozenset(
    {
        "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math",
        "head", "title", "textarea", "select", "noembed", "noframes", "xmp", "plaintext",
    }
)  # fmt: skip
"""What these hold is left out too, not only their tags."""
SCHEMES = frozenset({"http", "https", "mailto"})


@dataclass(frozen=True, slots=True)
class Cleaned:
    """HTML that a page may show, and the web addresses it links to, each once."""

    html: str
    links: tuple[str, ...]


def clean(html: str, base: str | None) -> Cleaned:
    """Make HTML harmless and find its links; relative ones are resolved against `base`."""
    if "<" not in html and "&" not in html:
        return Cleaned(escape(html, quote=False).strip(), ())
    return _Writer(base).clean(html)


def plain(html: str) -> str:
    """Return the words of a short piece of HTML, as a title or a name needs them."""
    if "<" not in html and "&" not in html:
        return " ".join(html.split())
    return " ".join(unescape(_TOKEN.sub("", html)).split())


def absolute(url: str | None, base: str | None) -> str | None:
    """Return an absolute web address, or None when it is none that may be followed."""
    if not url:
        return None
    text = _SPACE.sub("", url)
    try:
        is_whole = text[:8].lower().startswith(("http://", "https://"))
        whole = urljoin(base, text) if base and not is_whole else text
        parts = urlsplit(whole)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return None
    except ValueError:
        return None
    return whole if len(whole) <= MAX_URL else None


class _Writer:
    """Writes what is allowed. A regular expression cuts the input, twice as fast as html.parser.

    How well it cuts decides what is kept, never what is safe: all text is escaped again, and only
    listed tags and attributes are written.
    """

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._out: list[str] = []
        self._open: list[str] = []
        # How many of each are open: looking for one among very many, very often, takes too long.
        self._opened: Counter[str] = Counter()
        self._links: dict[str, None] = {}

    def clean(self, html: str) -> Cleaned:
        """Go through the input once."""
        at = 0
        while token := _TOKEN.search(html, at):
            self._text(html[at : token.start()])
            at = token.end()
            tag = (token["tag"] or "").lower()
            if token["end"]:
                self._close(tag)
            elif tag in SILENT:
                at = _after(tag, html, at)
            elif tag in ALLOWED:
                self._start(tag, token["attributes"])
        self._text(html[at:])
        self._out.extend(f"</{tag}>" for tag in reversed(self._open))
        return Cleaned("".join(self._out).strip(), tuple(self._links))

    def _text(self, text: str) -> None:
        if text:
            self._out.append(escape(unescape(text) if "&" in text else text, quote=False))

    def _start(self, tag: str, attributes: str) -> None:
        kept = self._attributes(tag, attributes) if ALLOWED[tag] and attributes else ""
        self._out.append(f"<{tag}{kept}>")
        if tag not in VOID:
            self._open.append(tag)
            self._opened[tag] += 1

    def _close(self, tag: str) -> None:
        if not self._opened[tag]:
            return
        # Close what the input forgot to close in between.
        while self._open:
            last = self._open.pop()
            self._opened[last] -= 1
            self._out.append(f"</{last}>")
            if last == tag:
                break

    def _attributes(self, tag: str, attributes: str) -> str:
        kept: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(attributes):
            known = name.lower()
            if known not in ALLOWED[tag] or known in kept:
                continue
            value: str | None = unescape(double or single or bare)
            if known in URLS:
                value = self._url(value or "", link=tag == "a")
            if value is not None:
                kept[known] = f' {known}="{escape(value)}"'
        return "".join(kept.values())

    def _url(self, value: str, *, link: bool) -> str | None:
        text = _SPACE.sub("", value)
        if text.lower().startswith("mailto:"):
            return text
        whole = absolute(text, self._base)
        if link and whole is not None and len(self._links) < MAX_LINKS:
            self._links[whole] = None
        return whole


def _after(tag: str, html: str, at: int) -> int:
    """Return where a silent element ends; the end of the input when it is never closed."""
    if tag == "embed":
        return at
    end = re.compile(rf"</{tag}(?=[\s/>])[^>]*>?", re.IGNORECASE).search(html, at)
    return end.end() if end else len(html)
