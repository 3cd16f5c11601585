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
