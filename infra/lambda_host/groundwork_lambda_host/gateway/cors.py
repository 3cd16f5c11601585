"""CORS for what the host itself answers: exact origins, never with credentials, as functions do."""

from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]
EXPOSED = (
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Limit, RateLimit-Policy,"
    " RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Groundwork-Position, X-Request-Id"
)
"""What functions expose; written again here, for the host knows no function's code."""
VARIES = (b"vary", b"Origin")


class Cors:
    """Which origins may read the host's answers; without any, nothing is said of CORS.

    Args:
        origins: As `https://app.example.org`.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)

    def of(self, request: Headers | None) -> tuple[tuple[bytes, bytes], ...]:
        """What to add to an answer.

        Args:
            request: The headers of the request, names in lower case. None: it was refused before
                any came. If only one origin is allowed it is named then, to whoever asks.
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
