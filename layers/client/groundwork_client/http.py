"""HTTP calls with retries. The only module that knows the HTTP library."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

from groundwork_client.errors import Unreachable, error_of

log = logging.getLogger(__name__)

RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE_SECONDS = 0.2
PAUSE_MAX_SECONDS = 20.0
RETRY_AFTER_MAX_SECONDS = 300.0
CONNECT_SECONDS = 5.0
CONNECTIONS = 4


@dataclass(frozen=True)
class ApiResponse:
    """A successful response; names of headers are in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Sends(Protocol):
    """Sends one request. Raises OSError if there is no response."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers (names in lower case) and body."""
        ...


class Http:
    """Calls of one server with one key; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        retry_seconds: float,
        send: Sends | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`retry_seconds` is how long a call is retried; `send` replaces the HTTP library."""
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", **headers}
        self._retry_seconds = retry_seconds
        self._send = send or Pool()
        self._pause = pause

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """Make a call; retry it after 429, 5xx and lost connections, when the server says so.

        Raises:
            ApiError: the response is not a success, or was 429 or 5xx until the time was over.
            Unreachable: no response in that time.
        """
        url = f"{self._url}/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {**self._headers, **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        unknown = False
        ends, pause = time.monotonic() + self._retry_seconds, FIRST_PAUSE_SECONDS
        while True:
            wait = random.uniform(pause / 2, pause)  # noqa: S311 - spreads retries
            pause = min(pause * 2, PAUSE_MAX_SECONDS)
            try:
                status, answered, content = self._send(method, url, sent, data)
            except OSError as error:
                unknown = True
                if time.monotonic() + wait > ends:
                    raise Unreachable(f"{method} {path}: {error}") from error
                log.warning("%s %s: %s; again in %.1f s", method, path, error, wait)
            else:
                if status < HTTPStatus.BAD_REQUEST:
                    return ApiResponse(status, json.loads(content) if content else None, answered)
                wait = _retry_after(answered, wait)
                if status not in RETRIED or time.monotonic() + wait > ends:
                    failed = error_of(status, _problem(content))
                    failed.repeated = unknown
                    raise failed
                unknown = unknown or status >= HTTPStatus.INTERNAL_SERVER_ERROR
                log.warning("%s %s: %d; again in %.1f s", method, path, status, wait)
            self._pause(wait)

    def close(self) -> None:
        """Close the connections."""
        if isinstance(self._send, Pool):
            self._send.close()


class Pool:
    """Persistent connections, by urllib3."""

    def __init__(self, read_seconds: float = 60.0) -> None:
        """`read_seconds` is how long to wait for a response."""
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request. Redirects are not followed, so the key is sent to no other server."""
        try:
            response = self._pool.request(method, url, headers=headers, body=body, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(str(error)) from error
        named = {name.lower(): value for name, value in response.headers.items()}
        return response.status, named, response.data

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def _retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    said = headers.get("retry-after", "")
    if not said.isdecimal():
        return otherwise
    return min(float(said), RETRY_AFTER_MAX_SECONDS) + random.uniform(0, otherwise)  # noqa: S311 - spreads retries


def _problem(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {"detail": content[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {}
