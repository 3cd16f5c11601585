"""The errors of the domain.

    GroundworkError
    ├── Unauthenticated         missing or invalid credentials      401
    ├── Forbidden               a permission is missing             403
    ├── NotFound                it does not exist                   404
    ├── Moved                   it was merged into another          308
    ├── Conflict                it conflicts with stored data       409
    │   ├── InFlight            the same request is still running   409
    │   └── LeaseLost           the lease is not the present one    409
    ├── VersionMismatch         it was changed meanwhile            412
    ├── VersionRequired         If-Match is missing                 428
    ├── Invalid                 the input breaks a rule             422
    ├── Throttled               too many requests                   429
    └── Unavailable             a required service is down          503
        ├── RightsChanged       the caller's rights have changed    503
        ├── SecretUnreadable    a stored secret is unreadable       503
        └── TookTooLong         a query reached its time limit      503

One place of the runtime layer turns them into problem+json (RFC 9457) with these statuses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input: a JSON pointer (RFC 6901) to the value, and the reason."""

    pointer: str
    detail: str


class GroundworkError(Exception):
    """The base of all errors that are shown to callers."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unauthenticated(GroundworkError):
    """The credentials are missing or invalid."""


class Forbidden(GroundworkError):
    """The caller is known, but lacks a permission."""


class NotFound(GroundworkError):
    """The item does not exist, or the caller may not see it."""


class Moved(GroundworkError):
    """The entity was merged into another; `to` is the survivor's id."""

    def __init__(self, detail: str, *, to: str) -> None:
        super().__init__(detail)
        self.to = to


class Conflict(GroundworkError):
    """The request conflicts with stored data; `field` names the conflicting field, if any."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class InFlight(Conflict):
    """The same request is still running; retry after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class LeaseLost(Conflict):
    """The lease token is not that of the current lease of the job or distribution."""


class VersionMismatch(GroundworkError):
    """If-Match names a version that is not the current version."""


class VersionRequired(GroundworkError):
    """A change was sent without If-Match."""


class Invalid(GroundworkError):
    """The input breaks rules; each fault says which value and why."""

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class Throttled(GroundworkError):
    """Too many requests; retry after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(GroundworkError):
    """A required service is down; retry after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RightsChanged(Unavailable):
    """The caller's rights have changed since they were read; read them again and retry."""


class Outdated(Unavailable):
    """Rows have changed since they were read; read them again and retry."""


class SecretUnreadable(Unavailable):
    """A stored secret cannot be decrypted; waiting does not help."""


class TookTooLong(Unavailable):
    """A query was stopped at its time limit; a smaller query helps, waiting does not."""
