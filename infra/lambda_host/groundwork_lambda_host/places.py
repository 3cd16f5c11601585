"""Where an event waits for an environment, and whose it is."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

CALLER_HEADER = "X-Groundwork-Caller"
"""Names the user in an answer of a function that is told to (GROUNDWORK_NAMES_CALLER); never sent
to a client."""
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event waits for an environment (environments/lines.py).

    Attributes:
        line: Whose it is: `user:<id>`, or `address:<network>` of somebody whom we do not know yet.
            Empty: the host's own, as events of queues and schedules are.
        part: Within a line, parts are served in turn too: credentials not seen before.
        lane: A kind of event that takes long; empty for all others.
    """

    line: str
    part: str = ""
    lane: str = ""


NO_CALLER = Place("")


@lru_cache(maxsize=4096)
def address_line(address: str) -> str:
    """The line of an address. Of IPv6 it is that of its /64, which one client has to itself."""
    try:
        ip = ip_address(address)
    except ValueError:
        return f"address:{address}"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return f"address:{ip.ipv4_mapped}"
        network = int(ip) >> _NETWORK_BITS << _NETWORK_BITS
        return f"address:{IPv6Address(network)}/{_NETWORK_BITS}"
    return f"address:{ip}"
