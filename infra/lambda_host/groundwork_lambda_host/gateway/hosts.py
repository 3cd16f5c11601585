"""Check the Host header against the hosts that are served, to prevent DNS rebinding.

Otherwise a web page of `evil.example`, whose name is later resolved to 127.0.0.1, could read the
responses of an instance on its visitor's machine.
"""

import re
from collections.abc import Iterable

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
EVERY_HOST = "*"

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?"
_IPV6 = r"\[[0-9A-Fa-f:.]+\]"
_LISTED = re.compile(rf"(?:\*\.)?{_NAME}|{_IPV6}")
_SENT = re.compile(
    rb"((?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::(\d*))?"
)
_HIGHEST_PORT = 65535
_MAX_KNOWN, _LONGEST_KNOWN = 256, 256


class BadHost(ValueError):
    """Raised for an invalid entry in the list of hosts, or an invalid Host header."""


def listed_hosts(text: str) -> tuple[str, ...]:
    """Return the hosts of a comma-separated list, in lower case.

    Raises:
        BadHost: An entry is not a name, an address, `*.name` or `*`.
    """
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for part in found:
        if part != EVERY_HOST and not _LISTED.fullmatch(part):
            raise BadHost(f"{part!r} is not a host name; give names without ports, *.name or *")
    return found


class Hosts:
    """The hosts that are served, with any port.

    Args:
        names: Names and addresses; `*.example.org` means its subdomains, `*` every host. Names of
            this machine are always served.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        listed = {name.lower() for name in (*LOCAL_HOSTS, *names)}
        self._every = EVERY_HOST in listed
        self._exact = {name for name in listed if not name.startswith("*")}
        self._below = tuple(name[1:] for name in listed if name.startswith("*."))
        self._known: dict[bytes, bool] = {}

    def serves(self, value: bytes) -> bool:
        """Return whether a Host header names one of them.

        Raises:
            BadHost: It is not a host with an optional port (RFC 9112 section 3.2).
        """
        known = self._known.get(value)
        if known is not None:
            return known
        sent = _SENT.fullmatch(value)
        if sent is None or int(sent[2] or 0) > _HIGHEST_PORT:
            raise BadHost(repr(value))
        name = sent[1].decode("ascii").lower().removesuffix(".")
        found = self._every or name in self._exact or name.endswith(self._below)
        if len(value) <= _LONGEST_KNOWN:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[value] = found
        return found
