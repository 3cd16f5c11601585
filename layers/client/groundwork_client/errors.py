"""Errors of calls, and exceptions that a worker raises to fail its job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class GroundworkError(Exception):
    """Base of all errors of this package."""


class Unreachable(GroundworkError):
    """No response after all retries."""


class ApiError(GroundworkError):
    """A response that is not a success (`application/problem+json`).

    Attributes:
        status: The HTTP status.
        type: The stable name of the problem, such as `/problems/lease-lost` (docs/problems.md).
        errors: For 422: `{"pointer", "detail"}` of each fault.
        request_id: The id of the request in the logs.
        repeated: True if an earlier try of this call got no response, or 5xx. It may have had
            its effect.
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
    """404: the item does not exist, or this key may not see it."""


class Refused(ApiError):
    """422: the input has faults; see `errors`."""


class LeaseLost(ApiError):
    """409: the lease has expired or ended, and another worker may have the job.

    Stop working on it.
    """


class Cancelled(GroundworkError):
    """A user asked to cancel the job. `Job.report` raises it; the job is then released."""


class JobFailure(GroundworkError):
    """The job failed. Raise one of its subclasses inside `with job:`."""

    failure: str

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """`retry_after` is the pause before the next attempt in seconds, at most 48 hours.

        If it is left out, the server chooses the pause.
        """
        super().__init__(message)
        self.retry_after = retry_after


class Retryable(JobFailure):
    """Another attempt may succeed: a service is unavailable, or a limit is reached."""

    failure = "retryable"


class BadInput(JobFailure):
    """No attempt can succeed; the job fails at once."""

    failure = "bad_input"


class Internal(JobFailure):
    """The worker has a fault. Any other exception inside `with job:` counts as this one."""

    failure = "internal"


def error_of(status: int, problem: Mapping[str, Any]) -> ApiError:
    """Return the exception for a response."""
    if str(problem.get("type", "")).endswith("/lease-lost"):
        return LeaseLost(status, problem)
    kinds = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 422: Refused}
    return kinds.get(status, ApiError)(status, problem)
