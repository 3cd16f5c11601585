"""HTML of strangers: made harmless, and its links found, in one pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

MAX_LINKS = 200
MAX_URL = 2_048
_SPACE = re.compile(r"[\x00-\x20\x7f]+")

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
        return Cleaned(escape(html, quote=False), ())
    writer = _Writer(base)
    writer.feed(html)
    writer.close()
    return writer.finish()


def plain(html: str) -> str:
    """Return the words of a short piece of HTML, as a title or a name needs them."""
    if "<" not in html and "&" not in html:
        return " ".join(html.split())
    reader = _Words()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.words).split())


def absolute(url: str | None, base: str | None) -> str | None:
    """Return an absolute web address, or None when it is none that may be followed."""
    if not url:
        return None
    text = _SPACE.sub("", url)
    try:
        whole = urljoin(base, text) if base else text
        parts = urlsplit(whole)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return None
    except ValueError:
        return None
    return whole if len(whole) <= MAX_URL else None


class _Writer(HTMLParser):
    def __init__(self, base: str | None) -> None:
        super().__init__(convert_charrefs=True)
        self._base = base
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent: list[str] = []
        self._links: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            if tag != "embed":
                self._silent.append(tag)
            return
        if self._silent or tag not in ALLOWED:
            return
        self._out.append(f"<{tag}{self._attributes(tag, attrs)}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            return
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag == self._silent[-1]:
                self._silent.pop()
            return
        if tag in VOID or tag not in self._open:
            return
        # Close what the input forgot to close in between.
        while self._open:
            last = self._open.pop()
            self._out.append(f"</{last}>")
            if last == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out.append(escape(data, quote=False))

    def finish(self) -> Cleaned:
        """Close what is open."""
        self._out.extend(f"</{tag}>" for tag in reversed(self._open))
        return Cleaned("".join(self._out).strip(), tuple(self._links))

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> str:
        allowed = ALLOWED[tag]
        if not allowed or not attrs:
            return ""
        kept: list[str] = []
        for name, value in attrs:
            if name not in allowed:
                continue
            text: str | None = value or ""
            if name in URLS:
                text = self._url(value or "", link=tag == "a")
            if text is not None:
                kept.append(f' {name}="{escape(text)}"')
        return "".join(kept)

    def _url(self, value: str, *, link: bool) -> str | None:
        text = _SPACE.sub("", value)
        if text.lower().startswith("mailto:"):
            return text
        whole = absolute(text, self._base)
        if link and whole is not None and len(self._links) < MAX_LINKS:
            self._links[whole] = None
        return whole


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)
