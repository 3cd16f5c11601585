"""Limits of the further requests of one poll: sitemaps of an index, pages of an API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.sources.fetch_outcome import Fetched

MAX_FOLLOWED = 50
FOLLOW_SECONDS = 30.0
"""The time of all responses of one poll together, including its pauses."""
FOLLOWED_BYTES = 20_000_000
"""The size of all responses of one poll together."""


def may_follow(pages: Sequence[Fetched], spent_seconds: float) -> str | None:
    """Return why a poll makes no further request, or None if it may make one."""
    if len(pages) >= MAX_FOLLOWED:
        return f"More than {MAX_FOLLOWED} responses."
    if sum(len(one.body) for one in pages) > FOLLOWED_BYTES:
        return f"All responses are larger than {FOLLOWED_BYTES // 1_000_000} MB."
    if spent_seconds > FOLLOW_SECONDS:
        return f"All responses together took more than {FOLLOW_SECONDS:.0f} s."
    return None
