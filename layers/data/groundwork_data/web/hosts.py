"""Find the website that a URL belongs to."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@cache
def suffixes() -> PublicSuffixList:
    """Return the public suffix list of the library's release; it is never fetched."""
    from publicsuffixlist import PublicSuffixList  # 0.1 s to read the list

    return PublicSuffixList(accept_unknown=True)


def registrable_host(url: str) -> str | None:
    """Return the registrable domain of a URL's host (`bbc.co.uk`).

    An IP address is returned unchanged; None for a public suffix alone, a name without dots, or a
    text that is not a web URL.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    if not host:
        return None
    host = host.rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return None
    found: str | None = suffixes().privatesuffix(ascii_host)
    return found


SHARED_DOMAINS = frozenset(
    {
        "beehiiv.com",
        "buttondown.email",
        "dreamwidth.org",
        "fc2.com",
        "ghost.io",
        "hashnode.dev",
        "itch.io",
        "leaflet.pub",
        "livejournal.com",
        "mataroa.blog",
        "medium.com",
        "micro.blog",
        "nekoweb.org",
        "neocities.org",
        "over-blog.com",
        "pika.page",
        "podbean.com",
        "posthaven.com",
        "prose.sh",
        "squarespace.com",
        "substack.com",
        "svbtle.com",
        "tilde.team",
        "tumblr.com",
        "typepad.com",
        "weebly.com",
        "wordpress.com",
        "write.as",
        "writeas.com",
    }
)
"""Domains on which each host is another publisher's, beyond those of the public suffix list."""


def host_of(url: str) -> str:
    """Return the host whose pauses apply to a URL; implements `HostOf`.

    This is the registrable domain, or the whole host name on a shared domain or without a
    registrable domain. Empty for a text that is not a web URL.
    """
    registrable = registrable_host(url)
    if registrable is not None and registrable not in SHARED_DOMAINS:
        return registrable
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
