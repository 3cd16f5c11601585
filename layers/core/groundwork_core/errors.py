"""What can go wrong, in words of the business.

    GroundworkError
    ├── Unauthenticated         who are you?                        401
    ├── Forbidden               you may not                         403
    ├── NotFound                there is no such thing              404
    ├── Moved                   it has become part of another       308
    ├── Conflict                it clashes with what is there       409
    │   └── InFlight            it is being worked on already       409
    ├── VersionMismatch         somebody was faster                 412
    ├── VersionRequired         say which version you mean          428
    ├── Invalid                 the input breaks a rule             422
    ├── Throttled               too many, too fast                  429
    └── Unavailable             a part we need is down              503
        ├── RightsChanged     the caller's rights have changed    503
        └── TookTooLong         a database was stopped at its limit 503

The runtime layer turns each into problem+json (RFC 9457) in one place; nothing else knows statuses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: a JSON pointer (RFC 6901) to it, and why."""

    pointer: str
    detail: str


class GroundworkError(Exception):
    """The root of all errors that a caller is told about."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unauthenticated(GroundworkError):
    """No credentials, or none that hold."""


class Forbidden(GroundworkError):
    """Known, but not allowed."""


class NotFound(GroundworkError):
    """No such thing, or none that the caller may see."""


class Moved(GroundworkError):
    """It was merged into another; `to` is that one's id."""

    def __init__(self, detail: str, *, to: str) -> None:
        super().__init__(detail)
        self.to = to


class Conflict(GroundworkError):
    """The request clashes with the present state; `field` names the field, if one does."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class InFlight(Conflict):
    """The same request is being worked on; ask again after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class VersionMismatch(GroundworkError):
    """If-Match names a version that is not the present one."""


class VersionRequired(GroundworkError):
    """A change without If-Match."""


class Invalid(GroundworkError):
    """The input was understood but breaks rules; each fault says where."""

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class Throttled(GroundworkError):
    """Too many requests; try again after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(GroundworkError):
    """A part that this needs is down; try again after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RightsChanged(Unavailable):
    """The caller's rights have changed since they were read: read them, and try again."""


class TookTooLong(Unavailable):
    """A database was stopped at its time limit; asking for less helps, waiting does not."""
