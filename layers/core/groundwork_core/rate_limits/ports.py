"""Ports of rate limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate at which a bucket fills, and its size, in tokens; a request costs one token."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class LeasedTokens:
    """The tokens granted, possibly none, and those left in the bucket."""

    granted: int
    left: float


class TokenBuckets(Protocol):
    """One bucket per principal, shared by all processes; new buckets are full."""

    def lease(
        self, principal: str, rate: Rate, *, wanted: int, least: int, returned: int
    ) -> LeasedTokens:
        """Return unused tokens, and take up to `wanted`; none if fewer than `least` are available.

        One round trip.

        Raises:
            Unavailable: the buckets cannot be reached.
        """
        ...
