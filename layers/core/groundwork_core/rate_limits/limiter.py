"""Limit requests per principal across all processes, without a round trip for each request.

A process takes a few tokens at a time from the principal's shared bucket, and returns unused ones
when it takes more. Each admitted request uses a token of the bucket, so all processes together
never admit more than `burst + per_second * seconds`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from groundwork_core.errors import Unavailable
from groundwork_core.rate_limits.ports import Rate, TokenBuckets

log = logging.getLogger(__name__)

BURST_SECONDS = 4
LEASES_PER_SECOND = 20
"""Leases of one process at the full rate; at a small rate each token is leased by itself."""
LEASE_SECONDS = 1.0
"""The duration of a lease; unused tokens are returned with the next one."""
UNREACHABLE_SECONDS = 1.0
"""Period without limits after the buckets could not be reached."""
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The state of a principal's rate limit after a request."""

    allowed: bool
    rate: Rate
    remaining: int
    """Requests that are still allowed now, as far as this process knows."""
    wait_seconds: float
    """Time until a retry, if the request was not allowed."""

    @property
    def full_after_seconds(self) -> int:
        """Time until the bucket is full again."""
        return math.ceil((self.rate.burst - self.remaining) / self.rate.per_second)


@dataclass(slots=True)
class _Held:
    tokens: int
    left: float
    ends_at: float
    refused_until: float
    refused: int
    """Number of tokens that were refused; a request for fewer may still be allowed."""


class RateLimiter:
    """The rate limiter of one process."""

    def __init__(
        self,
        buckets: TokenBuckets,
        per_second: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`buckets` are shared by all processes; `per_second` is the limit, at least 1."""
        self.rate = Rate(per_second, per_second * BURST_SECONDS)
        self._chunk = max(1, per_second // LEASES_PER_SECOND)
        self._buckets = buckets
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}
        self._unlimited_until = float("-inf")

    def take(self, principal: str, tokens: int = 1) -> RateLimitStatus | None:
        """Take one token for a request, or several for an expensive one.

        A request that costs more than the burst takes the whole burst. Returns None while the
        buckets cannot be reached; the request is then allowed.
        """
        tokens = min(tokens, self.rate.burst)
        now = self._monotonic()
        held = self._held.get(principal)
        if held is not None:
            if held.tokens >= tokens and now < held.ends_at:
                return self._used(held, tokens)
            if now < held.refused_until and tokens >= held.refused:
                return self._refused(held, now)
        if now < self._unlimited_until:
            return None
        try:
            held = self._lease(principal, tokens, held, now)
        except Unavailable:
            log.warning("The rate limit cannot be read; requests are not limited meanwhile")
            self._unlimited_until = now + UNREACHABLE_SECONDS
            return None
        return self._used(held, tokens) if held.tokens else self._refused(held, now)

    def _lease(self, principal: str, tokens: int, held: _Held | None, now: float) -> _Held:
        returned = held.tokens if held is not None else 0
        if len(self._held) >= REMEMBERED_MAX:
            self._forget(now)
        # Return tokens once only: a lost lease may already have returned them.
        self._held.pop(principal, None)
        wanted = max(tokens, self._chunk)
        got = self._buckets.lease(
            principal, self.rate, wanted=wanted, least=tokens, returned=returned
        )
        wait = 0.0 if got.granted else (wanted - got.left) / self.rate.per_second
        held = _Held(got.granted, got.left, now + LEASE_SECONDS, now + wait, tokens)
        self._held[principal] = held
        return held

    def _used(self, held: _Held, tokens: int) -> RateLimitStatus:
        held.tokens -= tokens
        remaining = int(held.left) + held.tokens
        return RateLimitStatus(allowed=True, rate=self.rate, remaining=remaining, wait_seconds=0.0)

    def _refused(self, held: _Held, now: float) -> RateLimitStatus:
        wait = held.refused_until - now
        return RateLimitStatus(allowed=False, rate=self.rate, remaining=0, wait_seconds=wait)

    def _forget(self, now: float) -> None:
        """Discard the state of principals whose leases have ended; their unused tokens are lost."""
        self._held = {who: held for who, held in self._held.items() if now < held.ends_at}
        if len(self._held) >= REMEMBERED_MAX:
            self._held.clear()
