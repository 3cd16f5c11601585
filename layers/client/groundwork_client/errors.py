"""Errors of calls, and exceptions by which a worker says how its job failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class GroundworkError(Exception):
    """Any error of this package."""


class Unreachable(GroundworkError):
    """No answer after all retries."""


class ApiError(GroundworkError):
    """An answer that is not a success (`application/problem+json`).

    Attributes:
        status: The HTTP status.
        type: The stable name of the problem, as in `/problems/lease-lost` (docs/problems.md).
        errors: For 422: `{"pointer", "detail"}` of each fault.
        request_id: To find it in the logs.
        repeated: An earlier try of this call had no answer, or 5xx, and may have had its effect.
    """

    repeated = False

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        errors = problem.get("errors")
        self.errors: Sequence[Mapping[str, Any]] = errors if isinstance(errors, list) else ()
        self.request_id = str(problem.get("request_id", ""))
        faults = "".join(f"; {one.get('pointer')}: {one.get('detail')}" for one in self.errors)
        super().__init__(f"{status} {self.title}: {self.detail}{faults} ({self.request_id})")


class NotAllowed(ApiError):
    """401 or 403: the key is unknown, expired, or lacks a permission."""


class NotFound(ApiError):
    """404."""


class Refused(ApiError):
    """422: the input has faults; see `errors`."""


class LeaseLost(ApiError):
    """409: the lease has expired or ended; another worker may have the job. Stop working on it."""


class Cancelled(GroundworkError):
    """A user asked to cancel the job. Raised by `Job.report`; the job is then given back."""


class JobFailure(GroundworkError):
    """The job failed. Raise one of its subclasses inside `with job:`."""

    failure: str

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds until the next attempt, at most 48 hours; else we decide."""
        super().__init__(message)
        self.retry_after = retry_after


class Retryable(JobFailure):
    """Another attempt may succeed: a service is away, a limit is reached."""

    failure = "retryable"


class BadInput(JobFailure):
    """No attempt can succeed; the job fails at once."""

    failure = "bad_input"


class Internal(JobFailure):
    """A fault of the worker. Any other exception inside `with job:` counts as this one."""

    failure = "internal"


def error_of(status: int, problem: Mapping[str, Any]) -> ApiError:
    """Return the exception for an answer."""
    if str(problem.get("type", "")).endswith("/lease-lost"):
        return LeaseLost(status, problem)
    kinds = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 422: Refused}
    return kinds.get(status, ApiError)(status, problem)
