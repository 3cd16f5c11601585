"""Fetch the further responses of one poll: sitemaps of an index, pages of an API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Fetched,
    FetchRequest,
    LeftHost,
)
from groundwork_core.sources.following import may_follow
from groundwork_core.web.address import BadAddress, normal
from groundwork_data.web.hosts import registrable_host


def ask_all(
    ask: FetchRequest,
    fetch: Callable[[FetchRequest], Download],
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Download:
    """Fetch a source, then the requests that `ask.follow` returns, one after the other.

    Further requests go to the website of the source only. If one fails, the earlier responses are
    returned, and `broke_off` says why.
    """
    began = monotonic()
    first = fetch(replace(ask, follow=None))
    if not isinstance(first, Fetched) or ask.follow is None:
        return first
    pages, broke_off = [first], None
    while (wanted := ask.follow(pages)) is not None:
        broke_off = may_follow(pages, monotonic() - began + wanted.pause_seconds)
        if broke_off is None and registrable_host(wanted.url) != registrable_host(ask.url):
            broke_off = "The next address is of another website."
        if broke_off is not None:
            break
        pause(wanted.pause_seconds)
        try:
            url = normal(wanted.url)
        except BadAddress as bad:
            broke_off = f"The next address {bad}."
            break
        response = fetch(FetchRequest(url, secret=ask.secret, host=ask.host))
        if not isinstance(response, Fetched):
            broke_off = _why(response)
            break
        # By the requested address, so that redirects cannot make the paging endless.
        pages.append(replace(response, url=url))
    cost = replace(
        first.transfer,
        duration_ms=round((monotonic() - began) * 1_000),
        bytes=sum(one.transfer.bytes for one in pages),
        requests=sum(one.transfer.requests for one in pages),
    )
    return replace(first, more=tuple(pages[1:]), broke_off=broke_off, transfer=cost)


def _why(response: Download) -> str:
    """Return why a response ends the paging."""
    if isinstance(response, LeftHost):
        return "The next address redirects to another website."
    return response.message if isinstance(response, Failed) else "A response was empty."
