"""Parse lists of feeds: OPML, or one address per line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from groundwork_core.sources.opml import NotOpml, Outline, decode, read_opml, urljoin_or
from groundwork_core.web.address import BadAddress, normal, refuse_private
from groundwork_core.web.reachability import AllowedTargets

MAX_NAME = 300
MAX_TAGS = 20
MAX_TAG = 100
MAX_SHOWN_URL = 300
MAX_LISTED = 100_000
MAX_FAULTS = 5_000
"""A file with more invalid lines is not a list of feeds."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_BREAKS = re.compile(r"[\t\r\n\v\f]+ *")
_COMMENT = re.compile(r"\s#.*")
_FEED_BEFORE = re.compile(r"^feed:(?://)?(?=https?:)", re.IGNORECASE)
_FEED_SCHEME = re.compile(r"^feed:(?=//)", re.IGNORECASE)
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
_HOST_FIRST = re.compile(r"^[^\s/?#@:]+\.[^\s/?#@:.\d][^\s/?#@:.]+\.?(?::\d+)?(?:[/?#]|$)")
_FILE = re.compile(r"\.(?:xml|rss|rdf|atom|json|opml|txt|html?|php|aspx?|cgi)$", re.IGNORECASE)
_LINE = re.compile(r"\r\n|\r|\n")


class NotAList(Exception):
    """The file is neither OPML nor a list of addresses; the message says why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed of a list, with its line number; `fault` says why it cannot be a source.

    `url` is in normal form. If there is a fault, `url` is the text in the list, shortened for
    display.
    """

    line: int
    url: str
    name: str
    tags: tuple[str, ...] = ()
    fault: str | None = None


def read_list(
    data: bytes, *, charset: str | None = None, allowed: AllowedTargets | None = None
) -> list[Listed]:
    """Parse OPML (1.0 or 2.0), or one address per line (`#` begins a comment).

    Addresses may be `feed://`, contain spaces, lack a scheme, or be relative to the outline's
    `htmlUrl`. Folders and categories become tags.

    Args:
        data: the file, in the encoding that it declares.
        charset: the encoding that the transport states, if any.
        allowed: targets that may be reached although they are not public; None checks nothing.

    Raises:
        NotAList: the OPML is not XML or declares a document type, or the file is something else.
    """
    text = decode(data, charset)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        try:
            outlines: Iterable[Outline] = read_opml(text)
        except NotOpml as error:
            raise NotAList(str(error)) from error
    else:
        outlines = _lines(text)
    found = [_listed(one, allowed) for one in outlines]
    if len(found) > MAX_LISTED:
        message = f"it has more than {MAX_LISTED:,} feeds; split it"
        raise NotAList(message)
    if sum(1 for one in found if one.fault) > MAX_FAULTS:
        message = f"more than {MAX_FAULTS:,} of its lines are not addresses of feeds"
        raise NotAList(message)
    return found


def _lines(text: str) -> list[Outline]:
    lines = _LINE.split(text.removeprefix("\ufeff"))
    stated = [(n, _COMMENT.sub("", f" {line}").strip()) for n, line in enumerate(lines, start=1)]
    return [Outline(number, line, "", (), "", "") for number, line in stated if line]


def _listed(outline: Outline, allowed: AllowedTargets | None) -> Listed:
    tags = (*outline.folders, *_split(outline.category))
    kept = tuple(dict.fromkeys(_CONTROL.sub(" ", tag).strip()[:MAX_TAG] for tag in tags))[:MAX_TAGS]
    fault: str | None = None
    try:
        url = normal(_absolute(outline.url, outline.base))
        if allowed is not None:
            refuse_private(url, allowed)
    except BadAddress as bad:
        url, fault = _shown(outline.url), f"the address {bad}"
    name = _CONTROL.sub(" ", outline.title).strip()[:MAX_NAME] or _name_of(url)
    return Listed(outline.line, url, name, kept, fault)


def _absolute(url: str, base: str) -> str:
    """Return an address of a list as an absolute URL. Raises BadAddress if it needs a base."""
    url = _BREAKS.sub("", url.strip())
    if not url:
        raise BadAddress("is missing")
    url = _FEED_SCHEME.sub("http:", _FEED_BEFORE.sub("", url))
    if url.startswith("//"):
        return f"http:{url}" if base.lower().startswith("http:") else f"https:{url}"
    if _SCHEME.match(url):
        return url
    if _begins_with_host(url) and (not base or _same_site(url, base)):
        return f"https://{url}"
    if base:
        return urljoin_or(base, url)
    raise BadAddress("is relative, and the list states no base address")


def _begins_with_host(url: str) -> bool:
    return bool(_HOST_FIRST.match(url)) and not _FILE.search(url.partition("/")[0])


def _same_site(url: str, base: str) -> bool:
    """Return whether an address without scheme begins with its site's host or a subdomain."""
    host = url.partition("/")[0].partition(":")[0].lower()
    try:
        site = (urlsplit(base).hostname or "").removeprefix("www.")
    except ValueError:
        return False
    return bool(site) and (host == site or host.endswith(f".{site}"))


def _split(category: str) -> tuple[str, ...]:
    return tuple(part.strip("/ ") for part in category.split(",") if part.strip("/ "))


def _shown(url: str) -> str:
    """Return an invalid address for display, without any password."""
    shown = re.sub(r"(?<=//)[^/?#]*@", "", _CONTROL.sub(" ", url))
    return shown[:MAX_SHOWN_URL]


def _name_of(url: str) -> str:
    bare = url.split("://", 1)[-1].removeprefix("www.").strip("/")
    return bare[:MAX_NAME] or "feed"
