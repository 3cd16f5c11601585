"""Normalize untrusted URLs of feeds and HTML."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

MAX_URL = 2_048
MAX_CANDIDATES = 20
# Most URLs: absolute, with a plain host and no port.
_SIMPLE = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#]|\Z)", re.IGNORECASE)
_ODD = re.compile(r"[\x00-\x20\"<>`\x7f]")
_BREAKS = re.compile(r"[\t\r\n]+")
_ENDS = "".join(map(chr, range(0x21)))
_ESCAPED = {ord(character): f"%{ord(character):02X}" for character in ' "<>`\x7f'}
# A comma may be part of a URL: it ends a candidate only before a space or after a width.
_AFTER_DESCRIPTOR = re.compile(r"(\s\d+(?:\.\d+)?[wx]),(?=\S)")
_BETWEEN = re.compile(r",\s+")
_DESCRIPTOR = re.compile(r"(\d+(?:\.\d+)?)([wx])")


def absolute(url: str | None, base: str | None) -> str | None:
    """Return an absolute http or https URL, or None.

    As in browsers (https://url.spec.whatwg.org), white space around the URL and line breaks in it
    are removed, and a space in it becomes `%20`. A relative URL is resolved against `base`, or is
    None without a base.
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
    """Remove white space around a URL and line breaks in it; escape forbidden characters."""
    if _ODD.search(url) is None:
        return url
    return _BREAKS.sub("", url.strip(_ENDS)).translate(_ESCAPED)


def srcset(value: str, base: str | None) -> str | None:
    """Return the `srcset` of an image with absolute URLs only; None if none remains."""
    kept = []
    stated = _AFTER_DESCRIPTOR.sub(r"\1, ", value.strip(" \t\r\n,"))
    for candidate in _BETWEEN.split(stated, MAX_CANDIDATES)[:MAX_CANDIDATES]:
        url, _, descriptor = candidate.rstrip(" \t\r\n,").rpartition(" ")
        if not url or not _DESCRIPTOR.fullmatch(descriptor):
            url, descriptor = candidate, ""
        whole = absolute(url, base)
        if whole is not None:
            # A comma at the end of the URL would end the candidate.
            kept.append(f"{whole.rstrip(',')} {descriptor}".rstrip())
    return ", ".join(kept) or None


def address_of(candidates: str) -> str:
    """Return the URL that a sanitized `srcset` gives an image without `src`.

    This is the widest image. If only densities are given, it is the image of density 1, or else the
    first one.
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
