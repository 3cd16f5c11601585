"""Map errors to problem+json (RFC 9457). docs/problems.md describes each type."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groundwork_core import errors
from groundwork_core.errors import Fault
from groundwork_core.validation_faults import validation_faults
from groundwork_runtime.http.body_limits import ContentTooLarge
from groundwork_runtime.http.request import NotJson, UnsupportedMediaType
from groundwork_runtime.http.response import PROBLEM, HttpResponse

if TYPE_CHECKING:
    from groundwork_runtime.http.request import Request

log = logging.getLogger(__name__)

UNPROCESSABLE = 422
FAULTS_MAX = 100
POINTER_MAX = 200
"""Limits on reported faults: a body with a million faults must not produce a response that is too
large to send."""


class MethodNotAllowed(Exception):
    """The path exists, but not for this method."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("This path does not support this method; see Allow.")
        self.allowed = ", ".join(sorted(allowed))


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One type of problem: slug, HTTP status and title."""

    slug: str
    status: int
    title: str


TOO_LARGE = ProblemType("content-too-large", 413, "Content too large")
"""A body above the limit of its route. The gateway rejects bodies above the limit of all routes."""
KINDS: Mapping[type[Exception], ProblemType] = {
    errors.Moved: ProblemType("moved", 308, "Merged into another entity"),
    NotJson: ProblemType("not-json", 400, "The body is not JSON"),
    errors.Unauthenticated: ProblemType("unauthenticated", 401, "Authentication required"),
    errors.Forbidden: ProblemType("forbidden", 403, "Not allowed"),
    errors.NotFound: ProblemType("not-found", 404, "Not found"),
    MethodNotAllowed: ProblemType("method-not-allowed", 405, "Method not allowed"),
    errors.LeaseLost: ProblemType("lease-lost", 409, "The lease is lost"),
    errors.Conflict: ProblemType("conflict", 409, "Conflict"),
    ContentTooLarge: TOO_LARGE,
    errors.VersionMismatch: ProblemType("version-mismatch", 412, "The version is outdated"),
    UnsupportedMediaType: ProblemType("unsupported-media-type", 415, "Unsupported media type"),
    errors.Invalid: ProblemType("invalid", UNPROCESSABLE, "Invalid input"),
    errors.VersionRequired: ProblemType("version-required", 428, "If-Match required"),
    errors.Throttled: ProblemType("throttled", 429, "Too many requests"),
    errors.Unavailable: ProblemType("unavailable", 503, "Service unavailable"),
}
INTERNAL = ProblemType("internal", 500, "Internal error")
DOCUMENTED = (*KINDS.values(), INTERNAL)
"""All types that functions return."""


@dataclass(slots=True)
class Problem:
    """One problem before it is encoded."""

    kind: ProblemType
    detail: str
    members: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def problem_response(error: Exception, request: Request) -> HttpResponse:
    """Return the problem response to an error. Unexpected errors are logged with their stack."""
    problem = _of(error)
    if isinstance(error, errors.Moved):
        problem.headers["Location"] = f"{request.path.rstrip('/').rpartition('/')[0]}/{error.to}"
    _log(error, problem)
    body = {
        "type": f"/problems/{problem.kind.slug}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request.id,
        **problem.members,
    }
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace").decode()
    headers = {"Cache-Control": "no-store", **problem.headers}
    return HttpResponse(problem.kind.status, text, PROBLEM, headers)


def item_problem(error: errors.GroundworkError, faults_max: int) -> tuple[int, dict[str, Any]]:
    """Return the status and the problem of one item of a request with many."""
    problem = _of(error)
    _log(error, problem)
    shown: dict[str, Any] = {
        "type": f"/problems/{problem.kind.slug}",
        "title": problem.kind.title,
        "detail": problem.detail,
    }
    if isinstance(error, errors.Invalid):
        shown["errors"] = fault_members(error.faults, faults_max)
    return problem.kind.status, shown


def _log(error: Exception, problem: Problem) -> None:
    if problem.kind is INTERNAL:
        log.error("unhandled error", exc_info=error)
    elif problem.kind.status >= INTERNAL.status:
        log.warning("unavailable", extra={"detail": problem.detail, "cause": repr(error.__cause__)})


def _of(error: Exception) -> Problem:
    for type_ in type(error).__mro__:
        kind = KINDS.get(type_)
        if kind is not None:
            break
    else:
        return _library_problem(error)
    problem = Problem(kind, str(error))
    if isinstance(error, errors.Invalid):
        problem.members["errors"] = fault_members(error.faults)
    elif isinstance(error, errors.Conflict) and error.field:
        problem.members["errors"] = [{"pointer": f"/{error.field}", "detail": "is already used"}]
    elif isinstance(error, errors.Unauthenticated):
        problem.headers["WWW-Authenticate"] = 'Bearer realm="groundwork"'
    elif isinstance(error, MethodNotAllowed):
        problem.headers["Allow"] = error.allowed
    elif isinstance(error, errors.InFlight | errors.Throttled | errors.Unavailable):
        problem.headers["Retry-After"] = str(max(1, error.retry_after_seconds))
    return problem


def _library_problem(error: Exception) -> Problem:
    """Map errors of libraries, recognized by name so that no library is imported for this."""
    faults = getattr(error, "errors", None)
    if type(error).__name__ == "ValidationError" and callable(faults):
        members = {"errors": fault_members(validation_faults(faults()))}
        return Problem(KINDS[errors.Invalid], "The input is invalid; see errors.", members)
    if type(error).__name__ == "NotFoundError":
        return Problem(KINDS[errors.NotFound], "No resource exists at this path.")
    return Problem(
        INTERNAL, "An internal error occurred; the log has the details under the request_id."
    )


def fault_members(faults: Sequence[Fault], most: int = FAULTS_MAX) -> list[dict[str, str]]:
    """Return the first faults as JSON objects; the last one counts those left out."""
    shown = [
        {"pointer": fault.pointer[:POINTER_MAX], "detail": fault.detail} for fault in faults[:most]
    ]
    if len(faults) > most:
        shown.append({"pointer": "", "detail": f"and {len(faults) - most:,} more errors"})
    return shown
