"""Failures of a fetch: refused statuses, and errors of the network."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from groundwork_core.sources.fetch_outcome import Failure

_NETWORK_ERRORS: tuple[tuple[tuple[type[Exception], ...], Failure, str], ...] = (
    (
        (ssl.SSLError,),
        Failure.TLS,
        "No secure connection: the certificate is invalid or TLS failed.",
    ),
    ((TimeoutError, ReadTimeoutError), Failure.TIMEOUT, "The server did not respond in time."),
    ((ConnectionRefusedError,), Failure.REFUSED, "The server refused the connection."),
    ((socket.gaierror,), Failure.DNS, "The name has no address."),
    ((ConnectionError,), Failure.BAD_RESPONSE, "The server closed the connection."),
    ((HTTPError, HTTPException), Failure.BAD_RESPONSE, "The response is not valid HTTP."),
    ((OSError,), Failure.UNREACHABLE, "The server cannot be reached."),
)


WAF_CHALLENGES = ("challenge", "captcha")


class FetchFailed(Exception):
    """Ends a fetch with a failure."""

    def __init__(
        self, failure: Failure, message: str, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.retry_after_seconds = retry_after_seconds


def refuse_status(response: BaseHTTPResponse) -> None:
    """Raise FetchFailed unless the status is successful."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - Successful
        return
    retry_after = retry_after_seconds(response.headers)
    if response.headers.get("cf-mitigated") == "challenge" or (
        response.headers.get("x-amzn-waf-action") in WAF_CHALLENGES
    ):
        raise FetchFailed(
            Failure.CHALLENGE,
            f"The server responded with {status} and a challenge page.",
            retry_after,
        )
    kind = {4: Failure.HTTP_4XX, 5: Failure.HTTP_5XX}.get(status // 100, Failure.HTTP_OTHER)
    raise FetchFailed(kind, f"The server responded with {status}.", retry_after)


def failure_of(error: Exception, *, timed_out: bool) -> tuple[Failure, str]:
    """Return the failure class and message of a network error."""
    if timed_out:
        return Failure.TOO_SLOW, "The response took too long."
    for kinds, failure, message in _NETWORK_ERRORS:
        if isinstance(error, kinds):
            return failure, message
    return Failure.BAD_RESPONSE, "The response is not valid HTTP."


def too_slow(seconds: float) -> str:
    """Return the message of a fetch that exceeded its total time."""
    return f"The response took longer than {seconds:g} s."


def retry_after_seconds(headers: Mapping[str, str]) -> int | None:
    """Parse Retry-After, seconds or a date (RFC 9110 section 10.2.3); None if it is neither.

    A date counts from the response's own Date, so that neither clock needs to be right.
    """
    value = headers.get("Retry-After")
    if not value:
        return None
    text = value.strip()
    if text.isdecimal():
        return min(int(text[:12]), 2**31)
    at, sent = _date(text), _date(headers.get("Date") or "") or datetime.now(UTC)
    return None if at is None else max(0, round((at - sent).total_seconds()))


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
