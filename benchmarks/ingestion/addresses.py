"""The addresses of sources, and what the web server of the benchmark answers at each host."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

LIST = "sources/smallweb-6000.txt"


class Kind(StrEnum):
    """The kind of answer that a made-up host gives to every request."""

    FINE = "fine"
    SLOW = "slow"
    THROTTLES = "429"
    FAILS = "5xx"
    MOVED = "moved"
    BROKEN = "broken"


SHARES = (
    (Kind.SLOW, 3),
    (Kind.THROTTLES, 2),
    (Kind.FAILS, 2),
    (Kind.MOVED, 1),
    (Kind.BROKEN, 1),
)
"""Hosts of each hundred that do not answer well."""


def kind_of(host: str) -> Kind:
    """Return how a host answers; the same at each call."""
    place = crc32(f"kind of {host}".encode()) % 100
    for kind, share in SHARES:
        if place < share:
            return kind
        place -= share
    return Kind.FINE


def listed(number: int, given: Path | None) -> list[str]:
    """Return addresses of feeds: of a file, of the sample data, else made-up ones."""
    folder = os.environ.get("GROUNDWORK_SAMPLE_DATA")
    path = given or (Path(folder) / LIST if folder else None)
    if path is None or not path.exists():
        return [f"https://www.site-{one}.example/feed.xml" for one in range(number)]
    lines = [line.strip() for line in path.read_text().splitlines()]
    return [line for line in lines if line][:number]


def on_ports(url: str, http_port: int, https_port: int) -> str:
    """Return an address with its host, and with a port of the benchmark's server."""
    parts = urlsplit(url)
    port = https_port if parts.scheme == "https" else http_port
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path or '/'}{query}"
