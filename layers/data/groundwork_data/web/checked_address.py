"""Find an address of a URL's host that may be connected to, again for each request."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from pydantic_core import Url

from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web.connecting import Deadline
from groundwork_data.web.fetch_failures import FetchFailed

PORTS = {"http": 80, "https": 443}

Resolver = Callable[[str, int, float], list[Address]]
"""Returns the addresses of a host name for a port, within a number of seconds."""


def checked_address(
    host: str, port: int, deadline: Deadline, *, allowed: AllowedTargets, resolver: Resolver
) -> Address:
    """Resolve a host once and check its addresses; return the one to connect to.

    All addresses must be allowed: a name with both a public and a private address is an attack. The
    caller connects to the returned address, so that a second look-up cannot return another one.

    Raises:
        FetchFailed: the name has no address, or one that may not be reached.
    """
    try:
        addresses: list[Address] = [ipaddress.ip_address(host)]
    except ValueError:
        try:
            addresses = resolver(host, port, deadline.left_seconds)
        except TimeoutError as error:
            raise FetchFailed(Failure.DNS, str(error)) from error
        except OSError as error:
            raise FetchFailed(Failure.DNS, f"{host} has no address.") from error
    for address in addresses:
        if not allowed.permits(host, port, address):
            raise FetchFailed(Failure.BLOCKED_ADDRESS, f"{host} has an address that is not public.")
    if not addresses:
        raise FetchFailed(Failure.DNS, f"{host} has no address.")
    # IPv4 first: many networks have IPv6 addresses but no IPv6 route.
    return min(addresses, key=lambda one: one.version)


def parts_of(url: str) -> tuple[str, str, int, str]:
    """Split a URL in normal form into scheme, host, port and target."""
    parts = Url(url)
    host = (parts.host or "").strip("[]")
    target = (parts.path or "/") + ("" if parts.query is None else f"?{parts.query}")
    return parts.scheme, host, parts.port or PORTS[parts.scheme], target


def host_header(scheme: str, host: str, port: int) -> str:
    """Return the Host header for a URL's parts."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == PORTS[scheme] else f"{shown}:{port}"
