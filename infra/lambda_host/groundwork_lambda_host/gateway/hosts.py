"""Which values of the Host header are served: a defence against DNS rebinding.

A web page of `evil.example` whose name suddenly resolves to 127.0.0.1 could otherwise read the
answers of an instance on its visitor's machine, as of its own origin.
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
_MOST_KNOWN, _LONGEST_KNOWN = 256, 256


class BadHost(ValueError):
    """A host that cannot be listed, or a Host header that is none."""


def listed_hosts(text: str) -> tuple[str, ...]:
    """The hosts of a comma-separated list, in lower case and without ports.

    Raises:
        BadHost: One of them is no name, no address, no `*.name` and no `*`.
    """
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for part in found:
        if part != EVERY_HOST and not _LISTED.fullmatch(part):
            raise BadHost(f"{part!r} is no host name; give names without ports, *.name or *")
    return found


class Hosts:
    """The hosts that are served, on any port.

    Args:
        names: Names and addresses; `*.example.org` is each name below it, `*` is every host.
            Those of this machine are always served.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        listed = {name.lower() for name in (*LOCAL_HOSTS, *names)}
        self._every = EVERY_HOST in listed
        self._exact = {name for name in listed if not name.startswith("*")}
        self._below = tuple(name[1:] for name in listed if name.startswith("*."))
        self._known: dict[bytes, bool] = {}

    def serves(self, value: bytes) -> bool:
        """Whether a Host header names one of them.

        Raises:
            BadHost: It is no host with or without a port (RFC 9112 section 3.2).
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
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[value] = found
        return found
