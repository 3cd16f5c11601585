"""The HTTP functions with a rate limit for each process, as if no bucket were shared."""

import os

from groundwork_core.rate_limits.limiter import RateLimiter, RateLimitStatus
from groundwork_functions.graph_api.handler import handler as graph
from groundwork_functions.identity.handler import handler as identity
from groundwork_functions.rest_api.handler import handler as rest

__all__ = ["graph", "identity", "rest"]

take = RateLimiter.take


def counted_here(limiter: RateLimiter, principal: str, tokens: int = 1) -> RateLimitStatus | None:
    """Count in a bucket that no other process has."""
    return take(limiter, f"process {os.getpid()}: {principal}", tokens)


RateLimiter.take = counted_here  # type: ignore[method-assign,assignment]
