"""CORS for configured origins, without credentials: tokens are sent in a header."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_runtime.http.request import Request

ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key,"
    " X-Groundwork-Min-Position"
)
EXPOSED_HEADERS = (
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Limit, RateLimit-Policy,"
    " RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Groundwork-Position, X-Request-Id"
)
MAX_AGE_SECONDS = 600


class CorsPolicy:
    """The origins that may read responses; falsy if there are none."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        """`origins` are exact, such as `https://app.example.org`."""
        self._origins = frozenset(origins)

    def __bool__(self) -> bool:
        """Return whether any origin is allowed."""
        return bool(self._origins)

    def is_preflight(self, request: Request) -> bool:
        """Return whether an OPTIONS request is a preflight request of a browser."""
        return "access-control-request-method" in request.headers

    def headers(
        self, request: Request, allowed: Callable[[str], list[str]]
    ) -> dict[str, list[str]]:
        """Return the CORS headers of a response; `allowed` returns the methods of a path."""
        origin = request.headers.get("origin")
        if origin not in self._origins:
            return {"Vary": ["Origin"]}
        headers = {
            "Vary": ["Origin"],
            "Access-Control-Allow-Origin": [str(origin)],
            "Access-Control-Expose-Headers": [EXPOSED_HEADERS],
        }
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = [", ".join(allowed(request.path))]
            headers["Access-Control-Allow-Headers"] = [ALLOWED_HEADERS]
            headers["Access-Control-Max-Age"] = [str(MAX_AGE_SECONDS)]
        return headers
