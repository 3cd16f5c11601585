"""Asks sources over HTTP so that neither their answers nor their redirects can do harm."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Url, parse_url

from groundwork_core.sources.outcome import Ask, Download, Failed, Failure, Fetched, Unchanged
from groundwork_data.web.addresses import Address, Allowed
from groundwork_data.web.connecting import Deadline, exchange
from groundwork_data.web.resolving import resolve

log = logging.getLogger(__name__)

TOTAL_SECONDS = 20.0
MAX_BYTES = 10_000_000
"""Of a body after decompression."""
MAX_REDIRECTS = 5
MAX_URL = 2_048
CHUNK_BYTES = 65_536
CONCURRENT = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "Groundwork/0.1 (feed reader)"
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
PORTS = {"http": 80, "https": 443}


class _Stopped(Exception):
    """The fetch ends here, with a failure."""

    def __init__(
        self, failure: Failure, message: str, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class SafeFetcher:
    """Implements `Fetcher`.

    Each name is resolved once, every address checked, and the checked address connected to, so
    that a name cannot change its mind in between; each redirect passes the same checks.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        total_seconds: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
        resolver: Callable[[str, int, float], list[Address]] = resolve,
    ) -> None:
        """Take what may be reached besides public addresses, and the limits of one fetch."""
        self._allowed = allowed
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._resolve = resolver

    def __call__(self, asks: list[Ask]) -> list[Download]:
        """Ask them all, concurrently; the answers come in the order of the questions."""
        if len(asks) <= 1:
            return [self.ask(one) for one in asks]
        with ThreadPoolExecutor(min(CONCURRENT, len(asks)), "fetch") as threads:
            return list(threads.map(self.ask, asks))

    def ask(self, ask: Ask) -> Download:
        """Ask one source. Never raises for what it does."""
        deadline = Deadline(self._total_seconds)
        url, redirects = ask.url, 0
        try:
            while redirects <= MAX_REDIRECTS:
                answer = self._exchange(url, ask, deadline, redirects)
                if not isinstance(answer, str):
                    return answer
                url, redirects = answer, redirects + 1
        except _Stopped as stop:
            return Failed(stop.failure, stop.message, stop.retry_after_seconds, redirects)
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            failure, message = _classify(error, deadline)
            return Failed(failure, message, None, redirects)
        except Exception:  # one source must not stop the others of its batch
            log.exception("fetching failed", extra={"url": url})
            return Failed(Failure.INTERNAL, "Fetching failed; this is a fault of ours.")
        return Failed(
            Failure.TOO_MANY_REDIRECTS, f"More than {MAX_REDIRECTS} redirects.", None, redirects
        )

    def _exchange(
        self, url: str, ask: Ask, deadline: Deadline, redirects: int
    ) -> str | Fetched | Unchanged:
        """Make one exchange: the url to go on with, or how it ends. Raises _Stopped."""
        scheme, host, port, target = _parts(url)
        address = self._address(host, port, deadline)
        headers = {
            "Host": _host_header(scheme, host, port),
            "User-Agent": USER_AGENT,
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }
        if ask.etag:
            headers["If-None-Match"] = ask.etag
        if ask.last_modified:
            headers["If-Modified-Since"] = ask.last_modified
        with exchange(
            address,
            scheme=scheme,
            host=host,
            port=port,
            target=target,
            headers=headers,
            deadline=deadline,
        ) as response:
            if response.status in REDIRECTS and response.headers.get("Location"):
                return urljoin(url, response.headers["Location"].strip())
            if response.status == 304:  # noqa: PLR2004 - Not Modified
                return Unchanged(redirects)
            _refuse_status(response)
            return Fetched(
                body=self._body(response, deadline),
                url=url,
                content_type=response.headers.get("Content-Type"),
                content_language=response.headers.get("Content-Language"),
                etag=_validator(response, "ETag"),
                last_modified=_validator(response, "Last-Modified"),
                redirects=redirects,
            )

    def _address(self, host: str, port: int, deadline: Deadline) -> Address:
        """Resolve and check. All addresses must be allowed: a mixed answer is an attack."""
        try:
            addresses: list[Address] = [ipaddress.ip_address(host)]
        except ValueError:
            try:
                addresses = self._resolve(host, port, deadline.left_seconds)
            except TimeoutError as error:
                raise _Stopped(Failure.DNS, str(error)) from error
            except OSError as error:
                raise _Stopped(Failure.DNS, f"{host} has no address.") from error
        for address in addresses:
            if not self._allowed.permits(host, port, address):
                raise _Stopped(
                    Failure.BLOCKED_ADDRESS, f"{host} leads to an address that is not public."
                )
        if not addresses:
            raise _Stopped(Failure.DNS, f"{host} has no address.")
        # IPv4 first: many networks have addresses of IPv6 but no way out.
        return min(addresses, key=lambda one: one.version)

    def _body(self, response: BaseHTTPResponse, deadline: Deadline) -> bytes:
        """Read a body, decompressed, within the limits of size and time."""
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read(CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > self._max_bytes:
                raise self._too_large()
            if deadline.over:
                raise _Stopped(Failure.TOO_SLOW, _too_slow(self._total_seconds))
            chunks.append(chunk)
        if deadline.over:
            raise _Stopped(Failure.TOO_SLOW, _too_slow(self._total_seconds))
        return b"".join(chunks)

    def _too_large(self) -> _Stopped:
        return _Stopped(
            Failure.TOO_LARGE, f"The answer is larger than {self._max_bytes // 1_000_000} MB."
        )


def _parts(url: str) -> tuple[str, str, int, str]:
    """Split a url into scheme, host, port and target. Raises _Stopped."""
    try:
        parts: Url = parse_url(url)
    except LocationParseError as error:
        raise _Stopped(Failure.BAD_URL, "The address cannot be read.") from error
    scheme = parts.scheme or ""
    if scheme not in PORTS or not parts.host or len(url) > MAX_URL:
        raise _Stopped(Failure.BAD_URL, "Only http and https addresses are fetched.")
    if parts.auth is not None:
        raise _Stopped(Failure.BAD_URL, "An address must not carry a user name or password.")
    host = parts.host.strip("[]").rstrip(".")
    return scheme, host, parts.port or PORTS[scheme], parts.request_uri


def _host_header(scheme: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == PORTS[scheme] else f"{shown}:{port}"


def _refuse_status(response: BaseHTTPResponse) -> None:
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - Successful
        return
    retry_after = _retry_after(response.headers.get("Retry-After"))
    kind = {4: Failure.HTTP_4XX, 5: Failure.HTTP_5XX}.get(status // 100, Failure.HTTP_OTHER)
    raise _Stopped(kind, f"The server answered {status}.", retry_after)


def _retry_after(value: str | None) -> int | None:
    """Read Retry-After, seconds or a date (RFC 9110 section 10.2.3); None when it is neither."""
    if not value:
        return None
    text = value.strip()
    if text.isdecimal():
        return min(int(text[:12]), 2**31)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, round((aware - datetime.now(UTC)).total_seconds()))


def _validator(response: BaseHTTPResponse, name: str) -> str | None:
    """Return a validator if it can be sent back as it is."""
    value = response.headers.get(name)
    if value is None or len(value) > 1_000 or not value.isprintable():  # noqa: PLR2004 - sane
        return None
    return value


def _too_slow(seconds: float) -> str:
    return f"The answer took longer than {seconds:g} s."


def _classify(error: Exception, deadline: Deadline) -> tuple[Failure, str]:
    """Name what went wrong on the wire."""
    if deadline.over:
        return Failure.TOO_SLOW, "The answer took too long."
    for kinds, failure, message in _WIRE:
        if isinstance(error, kinds):
            return failure, message
    return Failure.BAD_RESPONSE, "The answer is no valid HTTP."


_WIRE: tuple[tuple[tuple[type[Exception], ...], Failure, str], ...] = (
    ((ssl.SSLError,), Failure.TLS, "No secure connection: the certificate or TLS is at fault."),
    ((TimeoutError, ReadTimeoutError), Failure.TIMEOUT, "The server did not answer in time."),
    ((ConnectionRefusedError,), Failure.REFUSED, "The server refused the connection."),
    ((socket.gaierror,), Failure.DNS, "The name has no address."),
    ((ConnectionError,), Failure.BAD_RESPONSE, "The server broke the connection off."),
    ((HTTPError, HTTPException), Failure.BAD_RESPONSE, "The answer is no valid HTTP."),
    ((OSError,), Failure.UNREACHABLE, "The server cannot be reached."),
)
