"""Error responses of the host itself, as application/problem+json (RFC 9457)."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from groundwork_lambda_host.gateway.responses import HttpResponse

TYPE_PREFIX = "/problems/"
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""The same as in functions' responses; repeated, because the host imports no function's code."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of error response of the host; `slug` is stable."""

    status: int
    slug: str
    title: str
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def response(
        self, request_id: str, instance: str, further: Iterable[tuple[bytes, bytes]] = ()
    ) -> HttpResponse:
        """Return the response to a request; `instance` is its path, `further` the CORS headers."""
        body = orjson.dumps(
            {
                "type": f"{TYPE_PREFIX}{self.slug}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "instance": instance,
                "request_id": request_id,
            }
        )
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            *SECURITY_HEADERS,
            *self.headers,
            *further,
        ]
        return HttpResponse(self.status, headers, body)


NOT_FOUND = Problem(404, "not-found", "Not found", "The path does not exist.")
TOO_LARGE = Problem(413, "content-too-large", "Content too large", "The limit is 10 MB.")
TOO_SLOW = Problem(408, "request-timeout", "Request timeout", "The request was sent too slowly.")
HEADERS_TOO_LARGE = Problem(
    431, "headers-too-large", "Headers too large", "The request line and headers are too long."
)
BAD_REQUEST = Problem(400, "bad-request", "Bad request", "This is not a valid HTTP request.")
THROTTLED = Problem(
    429,
    "throttled",
    "Too many requests",
    "All workers are busy and too many requests are waiting.",
    ((b"retry-after", b"1"),),
)
TOO_MANY_CONNECTIONS = Problem(
    503,
    "too-many-connections",
    "Too many connections",
    "The gateway has reached its maximum number of connections.",
    ((b"retry-after", b"1"),),
)
OVERLOADED = Problem(
    503,
    "overloaded",
    "Service unavailable",
    "The gateway has reached its memory limit.",
    ((b"retry-after", b"1"),),
)
WRONG_HOST = Problem(
    421,
    "misdirected-request",
    "Misdirected request",
    "This host is not served here; GROUNDWORK_HOSTS lists those that are.",
)
BAD_HOST = Problem(
    400, "bad-request", "Bad request", "A request needs exactly one valid Host header."
)
BAD_VERSION = Problem(
    505, "http-version-not-supported", "HTTP version not supported", "Use HTTP/1.1 or HTTP/1.0."
)
BAD_CODING = Problem(
    501, "transfer-coding-unknown", "Not implemented", "The only transfer coding is chunked."
)
BAD_EXPECTATION = Problem(
    417, "expectation-failed", "Expectation failed", "The only expectation is 100-continue."
)
NO_TUNNELS = Problem(
    501, "not-a-proxy", "Not implemented", "This is not a proxy: CONNECT is not supported."
)
BROKEN = Problem(500, "internal", "Internal server error", "The host failed; see its log.")
FAILED = Problem(502, "function-failed", "Bad gateway", "The function failed; see the log.")
TIMED_OUT = Problem(504, "timed-out", "Gateway timeout", "The function took too long.")


def not_allowed(allow: str) -> Problem:
    """Return 405: the path exists, but not for this method."""
    headers = ((b"allow", allow.encode("ascii")),)
    return Problem(
        405, "method-not-allowed", "Method not allowed", f"Allowed here: {allow}.", headers
    )
