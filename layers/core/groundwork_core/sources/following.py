"""Limits of the further answers of one poll: sitemaps of an index, pages of an API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.sources.fetch_outcome import Fetched

MAX_FOLLOWED = 50
FOLLOW_SECONDS = 30.0
"""For all answers of one poll together, its pauses included."""
FOLLOWED_BYTES = 20_000_000
"""Of all answers of one poll together."""


def may_follow(pages: Sequence[Fetched], spent_seconds: float) -> str | None:
    """Return why no further answer is asked for; None: it may be."""
    if len(pages) >= MAX_FOLLOWED:
        return f"More than {MAX_FOLLOWED} answers."
    if sum(len(one.body) for one in pages) > FOLLOWED_BYTES:
        return f"All answers are larger than {FOLLOWED_BYTES // 1_000_000} MB."
    if spent_seconds > FOLLOW_SECONDS:
        return f"All answers together took more than {FOLLOW_SECONDS:.0f} s."
    return None
