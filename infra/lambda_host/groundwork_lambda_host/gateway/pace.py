"""Detect slow clients from noted times, which are checked about once a second."""

from typing import Literal

from groundwork_lambda_host.gateway.limits import ServerLimits

Verdict = Literal["fine", "slow", "idle"]


class Pace:
    """Times of one connection, on the event loop's clock.

    Args:
        limits: The limits of a client.
        now: Time of the connection's start.
    """

    __slots__ = (
        "_body_since",
        "_fresh",
        "_header_since",
        "_heard_at",
        "_idle_since",
        "_limits",
        "_write_since",
    )  # fmt: skip

    def __init__(self, limits: ServerLimits, now: float) -> None:
        self._limits = limits
        self._fresh = True
        self._header_since: float | None = now
        self._body_since: float | None = None
        self._heard_at = now
        self._idle_since = now
        self._write_since: float | None = None

    @property
    def reading(self) -> bool:
        """True if a request has been received in part."""
        return not self._fresh and (self._header_since or self._body_since) is not None

    @property
    def fresh(self) -> bool:
        """True if nothing has been received on this connection."""
        return self._fresh

    def heard(self, now: float) -> None:
        """Record that bytes were received."""
        self._fresh = False
        self._heard_at = now

    def message_begins(self, now: float) -> None:
        """Record the first byte of a request."""
        self._header_since = now

    def headers_done(self, now: float) -> None:
        """Record the last byte of its headers."""
        self._header_since = None
        self._body_since = now

    def message_done(self) -> None:
        """Record the last byte of its body."""
        self._body_since = None

    def resumed(self, now: float) -> None:
        """Record that reading resumes; the pause does not count as the client's delay."""
        self._heard_at = now
        if self._header_since is not None:
            self._header_since = now
        if self._body_since is not None:
            self._body_since = now

    def responded(self, now: float) -> None:
        """Record that the response has been written."""
        self._idle_since = now

    def reads_too_slowly(self, now: float, unread_bytes: int) -> bool:
        """Return whether the client has left data unread for too long."""
        if not unread_bytes:
            self._write_since = None
        elif self._write_since is None:
            self._write_since = now
        return (
            self._write_since is not None and now - self._write_since > self._limits.write_seconds
        )

    def verdict(self, now: float, *, busy: bool) -> Verdict:
        """Return whether the client is too slow or idle. `busy`: one of its requests is running."""
        limits = self._limits
        if self._body_since is not None:
            silent, whole = now - self._heard_at, now - self._body_since
            slow = silent > limits.body_seconds or whole > limits.whole_body_seconds
            return "slow" if slow else "fine"
        if self._header_since is not None and now - self._header_since > limits.header_seconds:
            return "idle" if self._fresh else "slow"
        if not busy and self._header_since is None and now - self._idle_since > limits.idle_seconds:
            return "idle"
        return "fine"
