"""Find sources that a web address offers: feeds, sitemaps, and the page itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.resource import Input
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    FetchRequest,
)
from groundwork_core.sources.kinds import SourceKind
from groundwork_core.web.address import (
    BadAddress,
    ReachableAddress,
    check_private,
    normal,
    refuse_private,
)
from groundwork_core.web.reachability import AllowedTargets

MAX_CANDIDATES = 50
DISCOVER_SECONDS = 15.0
"""The time of all requests of one discovery; requests that did not begin by then are left out."""
FEED_PATHS = ("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/rss", "/index.xml", "/feed.json")
"""Paths at which many sites have a feed; requested only when the page names none."""
SITEMAP_PATH = "/sitemap.xml"


class DiscoverIn(Input):
    """The address to search for sources."""

    url: ReachableAddress


class Candidate(BaseModel):
    """A source that could be created from an address."""

    url: str
    title: str
    kind: SourceKind


class DiscoveryFailure(BaseModel):
    """Reason that the address itself could not be read."""

    type: str
    message: str


class Discovered(BaseModel):
    """The sources that an address offers, most likely first."""

    candidates: list[Candidate]
    failure: DiscoveryFailure | None = None


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A link of a page that may lead to a feed."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Look:
    """The kind of source in a response."""

    kind: Literal["feed", "sitemap", "api", "page", "other"]
    title: str = ""
    feeds: tuple[FeedLink, ...] = field(default=())
    """Feeds that a page names in `link` elements, then those that its links seem to lead to."""


Looker = Callable[[Fetched], Look]
"""Finds out what a response is. Never raises for its content."""


def discover(
    url: str,
    *,
    ask: Callable[[FetchRequest], Download],
    look: Looker,
    allowed: AllowedTargets,
    monotonic: Callable[[], float] = time.monotonic,
) -> Discovered:
    """Return the candidates of an address, without duplicates.

    Requests are made one after the other. Links to addresses that are not public are left out.

    Args:
        url: the address in normal form.
        ask: fetches an address, guarded against addresses that are not public.
        look: finds out what a response is.
        allowed: targets that may be reached although they are not public.
        monotonic: returns seconds of a monotonic clock.

    Raises:
        Invalid: the address is not public.
    """
    check_private(url, allowed)
    ends = monotonic() + DISCOVER_SECONDS
    response = ask(FetchRequest(url))
    failure = None
    found: list[Candidate] = []
    page: Candidate | None = None
    if isinstance(response, Failed):
        if response.failure is Failure.BLOCKED_ADDRESS:
            raise Invalid("The input is invalid; see errors.", (Fault("/url", "is not public"),))
        failure = DiscoveryFailure(type=response.failure, message=response.message)
    base = response.url if isinstance(response, Fetched) else url
    if isinstance(response, Fetched):
        seen = look(response)
        if seen.kind == "page":
            found += _named(seen.feeds, seen.title, allowed)
            page = Candidate(url=base, title=seen.title or base, kind="page")
        elif seen.kind != "other":
            one = Candidate(url=base, title=seen.title or base, kind=seen.kind)
            return Discovered(candidates=[one])
    for path in (*(() if found else FEED_PATHS), SITEMAP_PATH):
        if monotonic() >= ends or (path != SITEMAP_PATH and found):
            continue
        found += _known_path(urljoin(base, path), ask, look)
    if page is not None:
        found.append(page)
    unique = {one.url: one for one in reversed(found)}
    kept = [one for one in found if unique.get(one.url) is one]
    return Discovered(candidates=kept[:MAX_CANDIDATES], failure=failure)


def _named(links: Sequence[FeedLink], title: str, allowed: AllowedTargets) -> Iterator[Candidate]:
    for link in links:
        try:
            url = normal(link.url)
            refuse_private(url, allowed)
        except BadAddress:
            continue
        yield Candidate(url=url, title=link.title or title or url, kind="feed")


def _known_path(
    url: str, ask: Callable[[FetchRequest], Download], look: Looker
) -> Iterator[Candidate]:
    response = ask(FetchRequest(url))
    if not isinstance(response, Fetched) or _host(response.url) != _host(url):
        return
    seen = look(response)
    if seen.kind in ("feed", "sitemap"):
        kind: SourceKind = "feed" if seen.kind == "feed" else "sitemap"
        yield Candidate(url=response.url, title=seen.title or response.url, kind=kind)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
