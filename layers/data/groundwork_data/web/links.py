"""Addresses that strangers write into feeds and HTML."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

MAX_URL = 2_048
MAX_CANDIDATES = 20
# Most addresses: whole, of a plain host without port.
_SIMPLE = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#]|\Z)", re.IGNORECASE)
_ODD = re.compile(r"[\x00-\x20\"<>`\x7f]")
_BREAKS = re.compile(r"[\t\r\n]+")
_ENDS = "".join(map(chr, range(0x21)))
_ESCAPED = {ord(character): f"%{ord(character):02X}" for character in ' "<>`\x7f'}
# A comma may be part of an address: one ends a candidate only before a blank or after a width.
_AFTER_DESCRIPTOR = re.compile(r"(\s\d+(?:\.\d+)?[wx]),(?=\S)")
_BETWEEN = re.compile(r",\s+")
_DESCRIPTOR = re.compile(r"(\d+(?:\.\d+)?)([wx])")


def absolute(url: str | None, base: str | None) -> str | None:
    """Return an absolute http or https address, or None when there is none.

    As browsers do (https://url.spec.whatwg.org): blanks around it and line breaks in it are
    dropped, a space in it becomes `%20`. A relative address is resolved against `base`; without a
    base it is none.
    """
    if not url:
        return None
    text = escaped(url)
    if _SIMPLE.match(text):
        return text if len(text) <= MAX_URL else None
    try:
        is_whole = text[:8].lower().startswith(("http://", "https://"))
        whole = urljoin(base, text) if base and not is_whole else text
        parts = urlsplit(whole)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return None
        if "%" in parts.hostname or parts.port == 0:
            return None
    except ValueError:
        return None
    return whole if len(whole) <= MAX_URL else None


def escaped(url: str) -> str:
    """Drop blanks around an address and line breaks in it; escape what no address may hold."""
    if _ODD.search(url) is None:
        return url
    return _BREAKS.sub("", url.strip(_ENDS)).translate(_ESCAPED)


def srcset(value: str, base: str | None) -> str | None:
    """Return the `srcset` of an image with absolute addresses only; None when none is left."""
    kept = []
    stated = _AFTER_DESCRIPTOR.sub(r"\1, ", value.strip(" \t\r\n,"))
    for candidate in _BETWEEN.split(stated, MAX_CANDIDATES)[:MAX_CANDIDATES]:
        url, _, descriptor = candidate.rstrip(" \t\r\n,").rpartition(" ")
        if not url or not _DESCRIPTOR.fullmatch(descriptor):
            url, descriptor = candidate, ""
        whole = absolute(url, base)
        if whole is not None:
            # A comma at the end would end the candidate.
            kept.append(f"{whole.rstrip(',')} {descriptor}".rstrip())
    return ", ".join(kept) or None


def address_of(candidates: str) -> str:
    """Return the address that a clean `srcset` gives an image without `src`.

    The widest image; where only densities are stated, the one of density 1, else the first.
    """
    widest, width, plain, first = "", 0.0, "", ""
    for candidate in candidates.split(", "):
        url, _, descriptor = candidate.partition(" ")
        stated = _DESCRIPTOR.fullmatch(descriptor)
        first = first or url
        if stated is None or stated.groups() == ("1", "x"):
            plain = plain or url
        elif stated[2] == "w" and float(stated[1]) > width:
            widest, width = url, float(stated[1])
    return widest or plain or first
