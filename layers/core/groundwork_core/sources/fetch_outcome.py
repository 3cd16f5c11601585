"""Requests and outcomes of fetches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork_core.sources.credentials import SecretHeader
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.robots_known import KnownRobots, RobotsRule


class Failure(StrEnum):
    """The class of a failed fetch: the source's `error_class`, documented and stable."""

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
    CHALLENGE = "challenge"
    ROBOTS = "robots"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    TOO_COMPLEX = "too_complex"
    BAD_CONFIG = "bad_config"
    CREDENTIALS = "credentials"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Transfer:
    """The cost of a fetch, successful or not."""

    http_status: int | None = None
    """The status of the last response; None if there was none."""
    duration_ms: int = 0
    """The time from the first request to the end of the last response."""
    bytes: int = 0
    """The size of the body after decompression."""
    requests: int = 1
    """Requests that were sent, robots.txt and redirects included."""
    fresh_seconds: int | None = None
    """Freshness lifetime of the response; None if it states none."""
    moved_to: str | None = None
    """The target of permanent redirects (301, 308); None if there were none."""
    robots: KnownRobots | None = None
    """The robots.txt that was fetched on the way."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response with a body. `url` is the final address after `redirects` redirects."""

    body: bytes
    url: str
    content_type: str | None = None
    content_language: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    redirects: int = 0
    transfer: Transfer = Transfer(200)
    link: str | None = None
    """The Link headers (RFC 8288), joined by commas."""
    more: tuple[Fetched, ...] = ()
    """Further responses of the same poll (`sources.following`)."""
    broke_off: str | None = None
    """Reason that further responses are missing."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source responded 304 Not Modified."""

    redirects: int = 0
    transfer: Transfer = Transfer(304)


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed fetch; `retry_after_seconds` is the source's Retry-After, if any."""

    failure: Failure
    message: str
    retry_after_seconds: int | None = None
    redirects: int = 0
    transfer: Transfer = Transfer()


@dataclass(frozen=True, slots=True)
class LeftHost:
    """A redirect to another host ended the visit; the poll continues when that host is free."""

    onward: Onward
    transfer: Transfer = Transfer()

    @property
    def redirects(self) -> int:
        """The redirects of the poll so far."""
        return self.onward.redirects


Download = Fetched | Unchanged | Failed | LeftHost


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The next request of a poll, and the pause before it."""

    url: str
    pause_seconds: float


Follow = Callable[[Sequence[Fetched]], FollowUp | None]
"""Returns the next request after these responses, or None."""


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """A request to a source; validators make it conditional (RFC 9110 section 13)."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    secret: SecretHeader | None = None
    """The source's credentials."""
    wait_seconds: float = 0.0
    """The time to wait before the first request, until the host may be requested."""
    robots: RobotsRule | None = None
    """The rule of robots.txt for this fetch; None if robots.txt is ignored."""
    follow: Follow | None = None
    """Finds the further requests of the same poll."""
    host: str | None = None
    """The host under which the request counts; a redirect to another one ends the visit. None:
    redirects are followed wherever they lead."""
    onward: Onward | None = None
    """The redirects on other hosts that led to `url`; None if there were none."""
