"""ETag, If-Match and If-None-Match (RFC 9110 section 13)."""

from __future__ import annotations

import re

from groundwork_core.errors import VersionMismatch, VersionRequired
from groundwork_core.resources.writing import Expected

_TAG = re.compile(r'"([0-9]{1,18})(?:-[!#-~]*)?"')


def etag(tag: str) -> str:
    """Return a tag as the value of an ETag header."""
    return f'"{tag}"'


def expected(if_match: str | None) -> Expected:
    """Parse If-Match into the expected versions.

    Raises:
        VersionRequired: the header is missing.
        VersionMismatch: none of its tags is a version.
    """
    if if_match is None or not if_match.strip():
        raise VersionRequired("Send If-Match with the ETag of the version to change.")
    if if_match.strip() == "*":
        return Expected(None)
    versions = set()
    for part in if_match.split(","):
        found = _TAG.fullmatch(part.strip())
        if found:
            versions.add(int(found[1]))
    if not versions:
        raise VersionMismatch("If-Match has no valid version; send the ETag as it was received.")
    return Expected(frozenset(versions))


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Return whether If-None-Match contains `tag`, so that the client's copy is current."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag(tag) for part in if_none_match.split(","))
