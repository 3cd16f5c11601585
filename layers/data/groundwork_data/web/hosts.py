"""Which website an address belongs to."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@cache
def suffixes() -> PublicSuffixList:
    """The public suffix list as of the library's release; never fetched."""
    from publicsuffixlist import PublicSuffixList  # 0.1 s to read the list

    return PublicSuffixList(accept_unknown=True)


def registrable_host(url: str) -> str | None:
    """Return the part of a web address's host that somebody registered (`bbc.co.uk`).

    An address given as numbers is returned as it is; None for what has no such part: a public
    suffix alone, a name without dots, no web address.
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
