"""Find the hub of a feed and its topic (WebSub section 4): Link headers first, then the feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from groundwork_core.web.address import BadAddress, normal
from groundwork_data.web.links import absolute

MAX_HEADER = 8_192
_LINK = re.compile(r"<([^<>]*)>((?:[^,<\"]|\"[^\"]*\")*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", re.IGNORECASE)


def hub_and_topic(
    header: str | None, links: Iterable[Mapping[str, Any]], url: str
) -> tuple[str | None, str | None]:
    """Return hub and topic, or neither. Without a topic of its own, a feed's URL is its topic."""
    named = [*_of_header(header), *((link.get("rel"), link.get("href")) for link in links)]
    hub = _first("hub", named, url)
    return (hub, _first("self", named, url) or url) if hub else (None, None)


def _of_header(header: str | None) -> list[tuple[str, str]]:
    found = []
    for href, parameters in _LINK.findall((header or "")[:MAX_HEADER]):
        rel = _REL.search(parameters)
        found += [(one, href) for one in (rel[1] or rel[2] or "").split()] if rel else []
    return found


def _first(wanted: str, named: Iterable[tuple[Any, Any]], url: str) -> str | None:
    for rel, href in named:
        if isinstance(rel, str) and isinstance(href, str) and rel.lower() == wanted:
            whole = absolute(href, url)
            try:
                return normal(whole) if whole else None
            except BadAddress:
                return None
    return None
