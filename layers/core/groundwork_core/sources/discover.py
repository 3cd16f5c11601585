"""Find what a web address offers as a source: feeds, sitemaps, and the page itself."""

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
"""For all requests of one discovery; what is not asked by then is left out."""
FEED_PATHS = ("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/rss", "/index.xml", "/feed.json")
"""Where many sites have a feed; asked for only when the page names none."""
SITEMAP_PATH = "/sitemap.xml"


class DiscoverIn(Input):
    """The address to look at."""

    url: ReachableAddress


class Candidate(BaseModel):
    """A source that could be created."""

    url: str
    title: str
    kind: SourceKind


class DiscoveryFailure(BaseModel):
    """Why the address itself could not be read."""

    type: str
    message: str


class Discovered(BaseModel):
    """What an address offers as sources, the most likely first."""

    candidates: list[Candidate]
    failure: DiscoveryFailure | None = None


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A link of a page that may lead to a feed."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Look:
    """What an answer is."""

    kind: Literal["feed", "sitemap", "api", "page", "other"]
    title: str = ""
    feeds: tuple[FeedLink, ...] = field(default=())
    """Feeds that a page names in `link` elements, then those that its links seem to lead to."""


Looker = Callable[[Fetched], Look]
"""Finds out what an answer is. Never raises for its content."""


def discover(
    url: str,
    *,
    ask: Callable[[FetchRequest], Download],
    look: Looker,
    allowed: AllowedTargets,
    monotonic: Callable[[], float] = time.monotonic,
) -> Discovered:
    """Return the candidates of an address, without duplicates.

    One request is made at a time. Links to addresses that are not public are left out.

    Args:
        url: in normal form.
        ask: fetches an address, guarded against addresses that are not public.
        look: finds out what an answer is.
        allowed: targets that may be reached though they are not public.
        monotonic: seconds of a clock that only goes forward.

    Raises:
        Invalid: the address is not public.
    """
    check_private(url, allowed)
    ends = monotonic() + DISCOVER_SECONDS
    answer = ask(FetchRequest(url))
    failure = None
    found: list[Candidate] = []
    page: Candidate | None = None
    if isinstance(answer, Failed):
        if answer.failure is Failure.BLOCKED_ADDRESS:
            raise Invalid("The input is invalid; see errors.", (Fault("/url", "is not public"),))
        failure = DiscoveryFailure(type=answer.failure, message=answer.message)
    base = answer.url if isinstance(answer, Fetched) else url
    if isinstance(answer, Fetched):
        seen = look(answer)
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
    answer = ask(FetchRequest(url))
    if not isinstance(answer, Fetched) or _host(answer.url) != _host(url):
        return
    seen = look(answer)
    if seen.kind in ("feed", "sitemap"):
        kind: SourceKind = "feed" if seen.kind == "feed" else "sitemap"
        yield Candidate(url=answer.url, title=seen.title or answer.url, kind=kind)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
