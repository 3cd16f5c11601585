"""Determine the address of a client, also if it comes through a trusted proxy."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from groundwork_lambda_host.gateway.cors import Headers

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PAIR = re.compile(r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*""")
_QUOTED = re.compile(r"\\(.)")
_MAX_HOPS = 64


class BadProxies(ValueError):
    """Raised if a trusted proxy is neither an address nor a network."""


def listed_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; an address is a network of size one.

    Raises:
        BadProxies: An entry is neither an address nor a network.
    """
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError:
            raise BadProxies(f"{part!r} is not a network; give addresses or CIDRs") from None
    return tuple(found)


class ClientAddresses:
    """Determines a client's address: the right-most hop that is not a trusted proxy.

    Args:
        proxies: Networks of trusted proxies. Forwarding headers from other peers are ignored.
    """

    def __init__(self, proxies: Iterable[Network] = ()) -> None:
        self._proxies = tuple(proxies)

    def address(self, peer: str, headers: Headers) -> str:
        """Return the client's address.

        Args:
            peer: The address at the other end of the connection.
            headers: Headers of the request, names in lower case. X-Forwarded-For and Forwarded
                (RFC 7239) are read. If they disagree, the proxy passed through one that the
                client wrote, so both are ignored: the address is the proxy's.
        """
        if not self._proxies:
            return peer
        near = _address(peer)
        if near is None or not self._trusts(near):
            return peer
        plain = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        standard = [value.decode("latin-1") for name, value in headers if name == b"forwarded"]
        found = set[Address]()
        if plain:
            found.add(self._first_untrusted(near, ",".join(plain).split(",")))
        if standard:
            found.add(self._first_untrusted(near, _hops(",".join(standard))))
        return str(found.pop()) if len(found) == 1 else peer

    def _first_untrusted(self, near: Address, hops: list[str]) -> Address:
        at = near
        for hop in reversed(hops[-_MAX_HOPS:]):
            address = _address(hop)
            if address is None:  # hidden, unknown or invalid: hops beyond it are unreliable
                return at
            at = address
            if not self._trusts(at):
                return at
        return at

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def _address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _hops(forwarded: str) -> list[str]:
    """Return the `for=` of each element; empty if it is missing or malformed."""
    hops: list[str] = []
    at, hop = 0, ""
    while at < len(forwarded):
        pair = _PAIR.match(forwarded, at)
        if pair is not None:
            if pair[1].lower() == "for":
                value = pair[2]
                hop = _QUOTED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
            at = pair.end()
        if at < len(forwarded):
            if forwarded[at] == ",":
                hops.append(hop)
                hop = ""
            elif forwarded[at] != ";":
                hop = ""
                pair_end = forwarded.find(",", at)
                at = (pair_end if pair_end >= 0 else len(forwarded)) - 1
            at += 1
    hops.append(hop)
    return hops
