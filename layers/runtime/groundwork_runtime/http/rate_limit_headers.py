"""Rate limit headers of responses.

`RateLimit-Policy` and `RateLimit` follow draft-ietf-httpapi-ratelimit-headers; the other three are
from an earlier draft, which most clients support.
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


def limit_headers(status: RateLimitStatus) -> dict[str, list[str]]:
    """Return headers with the burst, what remains of it, and when it is full again."""
    burst, remaining = str(status.rate.burst), str(status.remaining)
    reset = str(status.full_after_seconds)
    return {
        "RateLimit-Policy": [f'"principal";q={burst};w={BURST_SECONDS}'],
        "RateLimit": [f'"principal";r={remaining};t={reset}'],
        "RateLimit-Limit": [burst],
        "RateLimit-Remaining": [remaining],
        "RateLimit-Reset": [reset],
    }
