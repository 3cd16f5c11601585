"""Check which IP addresses may be reached: public ones, and configured targets."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# `is_global` is True for some of these, at least in older Python versions.
NEVER_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the address at which Azure's host answers its machines
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only global unicast may be reached, except addresses with an embedded IPv4 address (Teredo, 6to4)
# and reserved networks. NAT64 (64:ff9b::/96) and ::a.b.c.d are outside of it.
GLOBAL_UNICAST = IPv6Network("2000::/3")
NEVER_V6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def is_public(address: Address) -> bool:
    """Return whether an address is public."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None or address not in GLOBAL_UNICAST:
            return False
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return False
        return address.is_global and not any(address in network for network in NEVER_V6)
    return address.is_global and not any(address in network for network in NEVER_V4)


@dataclass(frozen=True, slots=True)
class AllowedTargets:
    """Targets that may be reached although they are not public."""

    services: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, entries: tuple[str, ...]) -> AllowedTargets:
        """Parse `host:port` and CIDR entries.

        Raises:
            ValueError: an entry is neither; the message names it.
        """
        services: set[tuple[str, int]] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry, strict=False))
                continue
            host, colon, port = entry.rpartition(":")
            if not colon or not port.isdecimal() or not host:
                message = f"{entry!r} is neither host:port nor a network like 10.0.0.0/8"
                raise ValueError(message)
            services.add((host.strip("[]").lower(), int(port)))
        return cls(frozenset(services), tuple(networks))

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Return whether a connection to `address`, resolved from `host`, is allowed."""
        if is_public(address) or (host.lower(), port) in self.services:
            return True
        plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((plain or address) in network for network in self.networks)
