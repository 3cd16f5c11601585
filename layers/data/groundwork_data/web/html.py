"""Sanitize untrusted HTML with nh3, and find its links in the same pass (decision 50)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape

import nh3

from groundwork_data.web.links import absolute, address_of, escaped, srcset
from groundwork_data.web.wording import wording

MAX_LINKS = 200
MANY_MARKS = 300
"""Number of tags and references up to which any text is cheap to parse."""
MAX_WORK = 100_000_000
"""Limit of the number of marks (tags and references) of a text times that of a piece of it. A
parser may check all open elements at each mark, so that this product and not the text's length
bounds the cost: half a second at worst."""
MAX_HTML = 2_000_000
"""Number of characters after which no further piece is parsed."""

# Never list an element that browsers parse by other rules than HTML's (svg, math, style, noscript,
# template, …): then parsing the output again yields only listed elements.
ALLOWED: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "title"}),
    "audio": frozenset({"src", "controls"}),
    "blockquote": frozenset({"cite"}),
    "img": frozenset({"src", "srcset", "sizes", "alt", "title", "width", "height"}),
    "ol": frozenset({"start"}),
    "source": frozenset({"src", "srcset", "sizes", "media", "type"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
    "time": frozenset({"datetime"}),
    "video": frozenset({"src", "controls", "poster", "width", "height"}),
    **dict.fromkeys(
        (
            "abbr", "article", "aside", "b", "br", "caption", "cite", "code", "dd", "del",
            "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
            "h3", "h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "li", "mark", "p", "picture",
            "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub",
            "summary", "sup", "table", "tbody", "tfoot", "thead", "tr", "tt", "u", "ul", "var",
            "wbr",
        ),
        frozenset(),
    ),
}  # fmt: skip
URLS = frozenset({"href", "src", "cite", "poster"})
SILENT = frozenset(
    {
        "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math",
        "head", "title", "textarea", "select", "noembed", "noframes", "xmp", "plaintext",
    }
)  # fmt: skip
"""Elements whose content is removed, too, not only their tags."""
SCHEMES = frozenset({"http", "https", "mailto"})

# Attributes in which pages that lazy-load images store the image's URL, best first.
_LATE = ("data-src", "data-lazy-src", "data-original", "data-lazy")
_LATE_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_MOVED = frozenset({*_LATE, *_LATE_SETS, "src"})
_READ = {
    "*": set[str](),  # nh3 keeps lang and title of all elements otherwise
    **{tag: set(names) for tag, names in ALLOWED.items() if names},
    "img": {*ALLOWED["img"], *_LATE, *_LATE_SETS},
    "source": {*ALLOWED["source"], *_LATE_SETS},
}
# In the output of nh3, attribute values contain no quotes, < or >.
_IMAGE = re.compile(r'<(img|source)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
# Formatting elements, which reopen in each following block until they are closed. None keeps
# attributes, and without attributes at most three of each are open (HTML, "Noah's Ark clause").
_STYLED = re.compile(
    r"(<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u))[\s/][^>]*", re.IGNORECASE
)
_BARE = re.compile("&(?![A-Za-z#])")
_MARK = re.compile("[<&]")
_TAG = re.compile("<[^>]*>")
_APART = {
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dt", "figcaption", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "li", "p", "pre", "section", "td", "th", "tr",
}  # fmt: skip
_WORDS = nh3.Cleaner(
    tags=_APART, attributes={}, clean_content_tags=set(SILENT), link_rel=None, url_schemes=set()
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Sanitized HTML, and the URLs that it links to, without duplicates."""

    html: str
    links: tuple[str, ...]
    wording: str = ""
    """The wording before sanitizing (see `wording`)."""


def clean(html: str, base: str | None, page: str | None = None) -> Cleaned:
    """Sanitize HTML and find its links.

    Relative URLs are resolved against `base`. URLs that are only a fragment are resolved against
    `page`, the page that the HTML is from, if it differs from `base`.
    """
    if "<" not in html and "&" not in html:
        text = escape(html, quote=False).replace("\xa0", "&nbsp;").replace("\r\n", "\n")
        return Cleaned(text.strip(), (), wording(html))
    reading: _Sanitizer | None = getattr(_of_thread, "reading", None)
    if reading is None:
        reading = _of_thread.reading = _Sanitizer()
    return reading.clean(html, base, page or base)


def plain(html: str) -> str:
    """Return the text of a short piece of HTML, such as a title or a name."""
    if "<" not in html and "&" not in html:
        return " ".join(html.split())
    harmless = "".join(_WORDS.clean(piece) for piece in _pieces(html))
    return " ".join(unescape(_TAG.sub(" ", harmless)).split())


_of_thread = threading.local()


class _Sanitizer:
    """Sanitizes texts; nh3 calls it for each attribute of each listed element."""

    def __init__(self) -> None:
        self._base: str | None = None
        self._page: str | None = None
        self._links: dict[str, None] = {}
        self._is_late = False
        self._error: BaseException | None = None
        # Created once, because passing its lists takes as long as sanitizing a short text.
        self._cleaner = nh3.Cleaner(
            tags=set(ALLOWED),
            attributes=_READ,
            clean_content_tags=set(SILENT),
            url_schemes=set(SCHEMES),
            attribute_filter=self._attribute,
            # Relative URLs are passed to the filter, which makes them absolute or drops them.
            url_relative="pass_through",
            link_rel=None,
        )

    def clean(self, html: str, base: str | None, page: str | None) -> Cleaned:
        """Sanitize the input in one pass."""
        self._base, self._page = base, page
        self._links, self._is_late, self._error = {}, False, None
        written: list[str] = []
        length = 0
        for piece in _pieces(html):
            written.append(self._cleaner.clean(piece))
            if self._error is not None:
                raise self._error
            length += len(written[-1])
            if length > MAX_HTML:
                break
        text = "".join(written)
        if self._is_late:
            text = _IMAGE.sub(_with_address, text)
        return Cleaned(text.strip(), tuple(self._links), wording(html))

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        try:
            return self._value_of(tag, name, value)
        except BaseException as error:  # nh3 would drop it, a time limit's too
            self._error = error
            return None

    def _value_of(self, tag: str, name: str, value: str) -> str | None:
        if name in URLS:
            return self._url(tag, value)
        if name in _LATE_SETS:
            self._is_late = True
            return srcset(value, self._base)
        if name in _LATE:
            self._is_late = True
            return absolute(value, self._base)
        return value

    def _url(self, tag: str, value: str) -> str | None:
        text = escaped(value)
        if tag != "a":
            return absolute(text, self._base)
        if text[:7].lower() == "mailto:":
            return text
        whole = absolute(text, self._page if text.startswith("#") else self._base)
        if whole is not None and len(self._links) < MAX_LINKS:
            self._links[whole] = None
        return whole


def _pieces(html: str) -> Iterator[str]:
    """Split a text with very many tags or references, to limit the time of each piece."""
    marks = html.count("<") + html.count("&")
    if marks <= MANY_MARKS:
        yield html
        return
    html = _BARE.sub("&amp;", _STYLED.sub(r"\1", html))
    most = max(MANY_MARKS, MAX_WORK // marks)
    start = found = 0
    for mark in _MARK.finditer(html):
        # Preferably between tags, not within one.
        if found >= most and (mark[0] == "<" or found >= 2 * most):
            yield html[start : mark.start()]
            start, found = mark.start(), 0
        found += 1
    yield html[start:]


def _with_address(image: re.Match[str]) -> str:
    """Set the `src` of an image from its lazy-loading attribute or its `srcset`."""
    stated = dict(_ATTRIBUTE.findall(image[2]))
    candidates = next((stated[name] for name in _LATE_SETS if name in stated), "")
    late = next((stated[name] for name in _LATE if name in stated), "")
    kept = {"src": late or stated.get("src", ""), "srcset": candidates}
    if image[1] == "img" and not kept["src"] and candidates:
        kept["src"] = address_of(candidates)
    kept |= {name: value for name, value in stated.items() if name not in _MOVED}
    written = "".join(
        f' {name}="{value}"' for name, value in kept.items() if value or name not in _MOVED
    )
    return f"<{image[1]}{written}>"
