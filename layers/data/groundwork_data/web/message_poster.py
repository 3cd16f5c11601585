"""POST signed messages to endpoints, under the same rules as fetching."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from http.client import HTTPException

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.web.address import BadAddress, normal
from groundwork_core.web.reachability import AllowedTargets
from groundwork_core.webhooks.schedule import Outcome
from groundwork_data.web.checked_address import (
    Resolver,
    checked_address,
    host_header,
    parts_of,
)
from groundwork_data.web.connecting import Deadline, exchange
from groundwork_data.web.fetch_failures import (
    FetchFailed,
    failure_of,
    retry_after_seconds,
    too_slow,
)
from groundwork_data.web.resolving import resolve

log = logging.getLogger(__name__)

TOTAL_SECONDS = 15.0
"""The time for look-up, connection and the headers of the response."""
RESPONSE_SECONDS = 2.0
"""The time for the beginning of the body; the status has decided the outcome already."""
RESPONSE_BYTES = 1_024
USER_AGENT = "Groundwork/0.1 (webhooks)"


class MessagePoster:
    """Implements `PostMessage`.

    The host is resolved and checked at each attempt, the connection goes to the checked address,
    and redirects are not followed. Only 1 KB of the response is read.
    """

    def __init__(
        self,
        allowed: AllowedTargets,
        *,
        total_seconds: float = TOTAL_SECONDS,
        response_seconds: float = RESPONSE_SECONDS,
        resolver: Resolver = resolve,
    ) -> None:
        """`allowed` are targets besides public addresses; the others are limits of one attempt."""
        self._allowed = allowed
        self._total_seconds = total_seconds
        self._response_seconds = response_seconds
        self._resolve = resolver

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Outcome, str | None]:
        """POST a message; return the outcome and the first 1 KB of the response. Never raises."""
        deadline = Deadline(self._total_seconds, body_pause_seconds=self._response_seconds)
        try:
            return self._post(normal(url), headers, body, deadline)
        except FetchFailed as stop:
            return Outcome(None, stop.message), None
        except BadAddress as bad:
            return Outcome(None, f"The address {bad}."), None
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            _, message = failure_of(error, timed_out=deadline.passed)
            return Outcome(None, message), None
        except Exception:  # one endpoint must not stop the others
            log.exception("sending a webhook failed")
            return Outcome(None, "Sending failed because of an internal error."), None

    def _post(
        self, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> tuple[Outcome, str | None]:
        scheme, host, port, target = parts_of(url)
        address = checked_address(
            host, port, deadline, allowed=self._allowed, resolver=self._resolve
        )
        sent = {
            "Host": host_header(scheme, host, port),
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        with exchange(
            address,
            scheme=scheme,
            host=host,
            port=port,
            target=target,
            headers=sent,
            deadline=deadline,
            body=body,
        ) as response:
            if deadline.passed:  # it was cut off within the headers
                message = too_slow(self._total_seconds)
                raise FetchFailed(Failure.TOO_SLOW, message)
            return self._outcome(response), self._beginning(response)

    def _outcome(self, response: BaseHTTPResponse) -> Outcome:
        asked = retry_after_seconds(response.headers)
        if 200 <= response.status < 300:  # noqa: PLR2004 - Successful
            return Outcome(response.status)
        error = f"The endpoint responded with {response.status}."
        if 300 <= response.status < 400:  # noqa: PLR2004 - Redirection
            error = f"The endpoint responded with {response.status}; redirects are not followed."
        return Outcome(response.status, error, asked)

    def _beginning(self, response: BaseHTTPResponse) -> str:
        """Read the first KB of a body; if it is slow or breaks off, what was received so far."""
        ends = time.monotonic() + self._response_seconds
        read = bytearray()
        try:
            while len(read) < RESPONSE_BYTES and time.monotonic() < ends:
                part = response.read1(RESPONSE_BYTES - len(read))
                if not part:
                    break
                read += part
        except (OSError, HTTPError, HTTPException, ValueError):
            pass
        return bytes(read).decode("utf-8", "replace").replace("\x00", "\ufffd")
