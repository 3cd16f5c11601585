"""What limiting needs from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a bucket fills, and how much it holds: one token for each request."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class LeasedTokens:
    """What a bucket gave: whole tokens, perhaps none, and what is left in it."""

    granted: int
    left: float


class TokenBuckets(Protocol):
    """One bucket for each principal, shared by all processes. A new one is full."""

    def lease(
        self, principal: str, rate: Rate, *, wanted: int, least: int, returned: int
    ) -> LeasedTokens:
        """Put unused tokens back, and take up to `wanted`; none if fewer than `least` are there.

        One round trip.

        Raises:
            Unavailable: the buckets cannot be reached.
        """
        ...
