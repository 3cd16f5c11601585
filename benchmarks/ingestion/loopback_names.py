"""Resolve every host name to loopback, in this process."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_real = socket.getaddrinfo


def resolve_to_loopback() -> None:
    """Replace the system's resolver; addresses and `localhost` are resolved as before."""
    socket.getaddrinfo = _to_loopback


def _to_loopback(host: Any, port: Any, *more: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name != "localhost" and not _is_address(name):
        name = "127.0.0.1"
    return _real(name, port, *more, **named)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
