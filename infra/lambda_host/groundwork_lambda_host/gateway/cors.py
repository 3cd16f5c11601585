"""CORS headers of the host's own responses: exact origins, without credentials."""

from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]
EXPOSED = (
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Limit, RateLimit-Policy,"
    " RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Groundwork-Position, X-Request-Id"
)
"""The same as in functions' responses; repeated, because the host imports no function's code."""
VARIES = (b"vary", b"Origin")


class Cors:
    """The origins that may read the host's responses; without any, no CORS headers are sent.

    Args:
        origins: Origins such as `https://app.example.org`.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)

    def of(self, request: Headers | None) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers to add to a response.

        Args:
            request: Headers of the request, names in lower case. None if it was refused before
                any was read; the origin is then named if only one is allowed.
        """
        if not self._origins:
            return ()
        if request is not None:
            origin = next((value for name, value in request if name == b"origin"), b"")
        else:
            origin = next(iter(self._origins)) if len(self._origins) == 1 else b""
        if origin not in self._origins:
            return (VARIES,)
        return (
            VARIES,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED.encode()),
        )
