"""How a fetch can end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """Why a fetch gave no documents. Shown as the source's `error_class`; documented, stable."""

    BAD_URL = "bad_url"
    DNS = "dns"
    BLOCKED_ADDRESS = "blocked_address"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_RESPONSE = "bad_response"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    HTTP_OTHER = "http_other"
    EMPTY = "empty"
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    TOO_COMPLEX = "too_complex"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body came. `url` is where it came from in the end, after `redirects` redirects."""

    body: bytes
    url: str
    content_type: str | None = None
    content_language: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source says that nothing changed (304)."""

    redirects: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing usable came; `retry_after_seconds` is the source's own wish, if it has one."""

    failure: Failure
    message: str
    retry_after_seconds: int | None = None
    redirects: int = 0


Download = Fetched | Unchanged | Failed


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One question to a source; the validators make it conditional (RFC 9110 section 13)."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
