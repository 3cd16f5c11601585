"""Freshness lifetime of a response (RFC 9111 section 4.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})', re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)


def fresh_seconds(headers: Mapping[str, str]) -> int | None:
    """Return for how many seconds a response is fresh; None if it does not say.

    Cache-Control has precedence over Expires. The time that a cache on the way has used up (Age) is
    subtracted.
    """
    control = headers.get("Cache-Control", "")
    if _NO_CACHE.search(control):
        return None
    found = _MAX_AGE.search(control)
    lifetime = int(found[1]) if found else _until_expiry(headers)
    if lifetime is None:
        return None
    age = headers.get("Age", "").strip()
    return max(0, lifetime - (int(age[:10]) if age.isdecimal() else 0))


def _until_expiry(headers: Mapping[str, str]) -> int | None:
    expires, date = headers.get("Expires"), headers.get("Date")
    if not expires or not date:
        return None
    try:
        lifetime = parsedate_to_datetime(expires) - parsedate_to_datetime(date)
    except (ValueError, TypeError):  # no date, or only one of them has an offset
        return None
    return max(0, round(lifetime.total_seconds()))
