"""The place where an event waits for an environment, by its caller."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

CALLER_HEADER = "X-Groundwork-Caller"
"""Header of a function's response that names the user, if GROUNDWORK_NAMES_CALLER is set; removed
before the response is sent to the client."""
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """The place where an event waits for an environment (environments/lines.py).

    Attributes:
        line: The caller: `user:<id>`, or `address:<network>` of an unknown caller. Empty for
            events of queues and schedules, which have no caller.
        part: Credentials within a line; the parts of a line are served in turn.
        lane: A kind of event that takes long; empty for all others.
    """

    line: str
    part: str = ""
    lane: str = ""


NO_CALLER = Place("")


@lru_cache(maxsize=4096)
def address_line(address: str) -> str:
    """Return the line of an address; for IPv6 that of its /64, which belongs to one client."""
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
