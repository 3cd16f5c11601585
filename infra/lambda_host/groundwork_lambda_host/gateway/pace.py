"""How fast a client sends and reads; plain notes, looked at about once a second."""

from typing import Literal

from groundwork_lambda_host.gateway.limits import ServerLimits

Verdict = Literal["fine", "slow", "idle"]


class Pace:
    """Notes of one connection. Times are those of the event loop's clock.

    Args:
        limits: What is too slow.
        now: The connection is new.
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
        """Whether part of a request has come, but not all of it."""
        return not self._fresh and (self._header_since or self._body_since) is not None

    @property
    def fresh(self) -> bool:
        """Whether nothing has come yet on this connection."""
        return self._fresh

    def heard(self, now: float) -> None:
        """Bytes came."""
        self._fresh = False
        self._heard_at = now

    def message_begins(self, now: float) -> None:
        """The first byte of a request."""
        self._header_since = now

    def headers_done(self, now: float) -> None:
        """The last byte of its headers."""
        self._header_since = None
        self._body_since = now

    def message_done(self) -> None:
        """The last byte of its body."""
        self._body_since = None

    def resumed(self, now: float) -> None:
        """Reading goes on: the time in which we did not listen is not the client's."""
        self._heard_at = now
        if self._header_since is not None:
            self._header_since = now
        if self._body_since is not None:
            self._body_since = now

    def answered(self, now: float) -> None:
        """The answer has been written."""
        self._idle_since = now

    def deaf(self, now: float, unread_bytes: int) -> bool:
        """Whether the client has had something to read for too long."""
        if not unread_bytes:
            self._write_since = None
        elif self._write_since is None:
            self._write_since = now
        return (
            self._write_since is not None and now - self._write_since > self._limits.write_seconds
        )

    def verdict(self, now: float, *, busy: bool) -> Verdict:
        """What to make of the client; `busy` says that a request of its is under way."""
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
