"""What an answer tells of the rate limit.

`RateLimit-Policy` and `RateLimit` are the IETF's (draft-ietf-httpapi-ratelimit-headers); the other
three are an earlier draft's, which most clients know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.rate_limits.limiter import BURST_SECONDS

if TYPE_CHECKING:
    from groundwork_core.rate_limits.limiter import RateLimitStatus

NAMES = (
    "RateLimit-Policy",
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


def limit_headers(standing: RateLimitStatus) -> dict[str, list[str]]:
    """Say how much may be asked, how much of it is left, and when all of it is there again."""
    burst, remaining = str(standing.rate.burst), str(standing.remaining)
    reset = str(standing.full_after_seconds)
    return {
        "RateLimit-Policy": [f'"principal";q={burst};w={BURST_SECONDS}'],
        "RateLimit": [f'"principal";r={remaining};t={reset}'],
        "RateLimit-Limit": [burst],
        "RateLimit-Remaining": [remaining],
        "RateLimit-Reset": [reset],
    }
