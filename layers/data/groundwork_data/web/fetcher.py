"""Fetch sources over HTTP, safe against hostile responses and redirects."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from heapq import heappop, heappush
from http.client import HTTPException
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from groundwork_core.sources.credentials import SecretHeader, origin_of
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    FetchRequest,
    LeftHost,
    Transfer,
    Unchanged,
)
from groundwork_core.sources.onward import Onward
from groundwork_core.web.address import BadAddress, normal
from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web.checked_address import checked_address, host_header, parts_of
from groundwork_data.web.connecting import Deadline, exchange
from groundwork_data.web.fetch_failures import FetchFailed, failure_of, refuse_status, too_slow
from groundwork_data.web.freshness import fresh_seconds
from groundwork_data.web.hosts import host_of
from groundwork_data.web.resolving import resolve

if TYPE_CHECKING:
    from groundwork_data.web.redirecting import FetchCookies

log = logging.getLogger(__name__)

TOTAL_SECONDS = 20.0
MAX_BYTES = 10_000_000
"""Bytes of a body after decompression."""
MAX_REDIRECTS = 10
CHUNK_BYTES = 65_536
CONCURRENT = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
USER_AGENT = "Groundwork/0.1 (feed reader)"
"""The User-Agent of requests that are not for a source."""
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)


class _FetchState:
    """The state of one fetch: its current URL, its redirects, and its cookies."""

    def __init__(self, ask: FetchRequest) -> None:
        before = ask.onward or Onward(ask.url)
        self.url = ask.url
        self.redirects = before.redirects
        self._left_origin = False
        self.requests = before.requests
        self.http_status: int | None = None
        self.fresh_seconds: int | None = None
        self._moved_to = before.moved_to
        self._permanent = before.permanent
        self._began = time.monotonic()
        self._cookies: FetchCookies | None = None

    def follow(self, redirect: BaseHTTPResponse) -> None:
        """Continue with the target of a redirect. Raises BadAddress for an unusable target."""
        from groundwork_data.web.redirecting import FetchCookies, target

        if redirect.headers.get("Set-Cookie") and self._cookies is None:
            self._cookies = FetchCookies()
        if self._cookies is not None:
            self._cookies.keep(self.url, redirect)
        self.redirects += 1
        self.url = target(self.url, redirect.headers["Location"])
        self._permanent = self._permanent and redirect.status in PERMANENT
        if self._permanent:
            self._moved_to = self.url

    def credentials(self, secret: SecretHeader | None) -> dict[str, str]:
        """Return the header with the credentials, until a redirect leaves their origin."""
        if secret is None:
            return {}
        self._left_origin = self._left_origin or origin_of(self.url) != secret.origin
        return {} if self._left_origin else {secret.name: secret.value}

    def transfer(self, size: int = 0) -> Transfer:
        """Return the cost of the fetch so far."""
        took = round((time.monotonic() - self._began) * 1_000)
        return Transfer(
            self.http_status, took, size, self.requests, self.fresh_seconds, self._moved_to
        )

    def left(self) -> LeftHost:
        """Return the outcome that a redirect has left the host."""
        onward = Onward(self.url, self.redirects, self.requests, self._moved_to, self._permanent)
        return LeftHost(onward, self.transfer())

    def cookie(self) -> str | None:
        """Return the Cookie header for the current URL."""
        return None if self._cookies is None else self._cookies.header(self.url)


class SafeFetcher:
    """Implements `Fetcher`.

    Each host name is resolved once, every address is checked, and the connection uses the checked
    address, so that a second look-up cannot return another one (DNS rebinding). Each redirect
    passes the same checks.
    """

    def __init__(
        self,
        allowed: AllowedTargets,
        *,
        total_seconds: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
        resolver: Callable[[str, int, float], list[Address]] = resolve,
        user_agent: str = USER_AGENT,
        cuts: bool = False,
    ) -> None:
        """`allowed` are targets besides public addresses; the others are limits of one fetch.

        If `cuts` is set, a body that is too large is cut and is not a failure.
        """
        self._user_agent = user_agent
        self._cuts = cuts
        self._allowed = allowed
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._resolve = resolver

    def __call__(self, asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        """Fetch all sources concurrently; yield the smallest of the finished responses first."""
        if len(asks) <= 1:
            yield from ((place, self._ask_all(one)) for place, one in enumerate(asks))
            return
        with ThreadPoolExecutor(min(CONCURRENT, len(asks)), "fetch") as threads:
            waiting = {threads.submit(self._ask_all, one): place for place, one in enumerate(asks)}
            come: list[tuple[int, int, Download]] = []
            while waiting or come:
                done, _ = wait(waiting, 0 if come else None, return_when=FIRST_COMPLETED)
                for one in done:
                    response = one.result()
                    heappush(come, (_size(response), waiting.pop(one), response))
                if come:
                    _, place, response = heappop(come)
                    yield place, response

    def _ask_all(self, ask: FetchRequest) -> Download:
        """Fetch one source with its further responses."""
        if ask.follow is None:
            return self.ask(ask)
        from groundwork_data.web.following import ask_all

        return ask_all(ask, self.ask)

    def ask(self, ask: FetchRequest) -> Download:
        """Fetch one source. Never raises, whatever the server does."""
        if ask.wait_seconds > 0:
            time.sleep(ask.wait_seconds)
        deadline = Deadline(self._total_seconds)
        state = _FetchState(ask)
        try:
            state.url = normal(ask.url)
            while state.redirects <= MAX_REDIRECTS:
                response = self._exchange(state, ask, deadline)
                if response is not None:
                    return response
        except FetchFailed as stop:
            return Failed(
                stop.failure,
                stop.message,
                stop.retry_after_seconds,
                state.redirects,
                state.transfer(),
            )
        except BadAddress as bad:
            message = f"The address {bad}."
            return Failed(Failure.BAD_URL, message, None, state.redirects, state.transfer())
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            failure, message = failure_of(error, timed_out=deadline.passed)
            return Failed(failure, message, None, state.redirects, state.transfer())
        except Exception:  # one source must not stop the others of its batch
            log.exception("fetching failed", extra={"host": _host_of(ask.url)})
            return Failed(Failure.INTERNAL, "Fetching failed because of an internal error.")
        message = f"More than {MAX_REDIRECTS} redirects."
        return Failed(Failure.TOO_MANY_REDIRECTS, message, None, state.redirects, state.transfer())

    def _exchange(
        self, state: _FetchState, ask: FetchRequest, deadline: Deadline
    ) -> Fetched | Unchanged | LeftHost | None:
        """Make one request; return its outcome, or None to follow a redirect."""
        scheme, host, port, target = parts_of(state.url)
        address = checked_address(
            host, port, deadline, allowed=self._allowed, resolver=self._resolve
        )
        headers = {
            "Host": host_header(scheme, host, port),
            "User-Agent": self._user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }
        if ask.etag:
            headers["If-None-Match"] = ask.etag
        if ask.last_modified:
            headers["If-Modified-Since"] = ask.last_modified
        headers |= state.credentials(ask.secret)
        cookie = state.cookie()
        if cookie:
            headers["Cookie"] = cookie
        state.requests += 1
        state.http_status = None
        with exchange(
            address,
            scheme=scheme,
            host=host,
            port=port,
            target=target,
            headers=headers,
            deadline=deadline,
        ) as response:
            state.http_status = response.status
            if response.status in REDIRECTS and response.headers.get("Location"):
                state.follow(response)
                leaves = ask.host is not None and host_of(state.url) not in (ask.host, "")
                return state.left() if leaves and state.redirects <= MAX_REDIRECTS else None
            state.fresh_seconds = fresh_seconds(response.headers)
            if response.status == 304:  # noqa: PLR2004 - Not Modified
                return Unchanged(state.redirects, state.transfer())
            refuse_status(response)
            body = self._body(response, deadline)
            return Fetched(
                body=body,
                url=state.url,
                content_type=response.headers.get("Content-Type"),
                content_language=response.headers.get("Content-Language"),
                etag=_validator(response, "ETag"),
                last_modified=_validator(response, "Last-Modified"),
                redirects=state.redirects,
                link=", ".join(response.headers.getlist("Link")) or None,
                transfer=state.transfer(len(body)),
            )

    def _body(self, response: BaseHTTPResponse, deadline: Deadline) -> bytes:
        """Read and decompress a body within the limits of size and time."""
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_bytes and not self._cuts:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read(CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > self._max_bytes:
                if self._cuts:
                    chunks.append(chunk)
                    return b"".join(chunks)[: self._max_bytes]
                raise self._too_large()
            if deadline.passed:
                raise FetchFailed(Failure.TOO_SLOW, too_slow(self._total_seconds))
            chunks.append(chunk)
        if deadline.passed:
            raise FetchFailed(Failure.TOO_SLOW, too_slow(self._total_seconds))
        return b"".join(chunks)

    def _too_large(self) -> FetchFailed:
        return FetchFailed(
            Failure.TOO_LARGE, f"The response is larger than {self._max_bytes // 1_000_000} MB."
        )


def _size(response: Download) -> int:
    return len(response.body) if isinstance(response, Fetched) else 0


def _host_of(url: str) -> str:
    """Return the host for a log line, without the rest, which may contain a secret."""
    try:
        return parts_of(normal(url))[1]
    except BadAddress:
        return ""


def _validator(response: BaseHTTPResponse, name: str) -> str | None:
    """Return a validator if it can be sent back unchanged."""
    value = response.headers.get(name)
    if value is None or len(value) > 1_000 or not value.isprintable():  # noqa: PLR2004 - sane
        return None
    return value
