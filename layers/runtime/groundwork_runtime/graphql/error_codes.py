"""Format errors for GraphQL responses: with a stable code, without internal details."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from graphql import GraphQLError, GraphQLFormattedError

from groundwork_core import errors
from groundwork_core.knowledge.graph.errors import GraphBehind, GraphUnavailable

log = logging.getLogger(__name__)

BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL = "INTERNAL_SERVER_ERROR"

CODES: dict[type[Exception], str] = {
    errors.TookTooLong: "TIMEOUT",
    GraphBehind: "GRAPH_BEHIND",
    GraphUnavailable: "GRAPH_UNAVAILABLE",
    errors.Unavailable: "UNAVAILABLE",
    errors.Unauthenticated: "UNAUTHENTICATED",
    errors.Forbidden: "FORBIDDEN",
    errors.NotFound: "NOT_FOUND",
    errors.Throttled: "THROTTLED",
    errors.Invalid: BAD_USER_INPUT,
}


class QueryRejected(GraphQLError):
    """A query that is rejected before it is executed."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, extensions={"code": code})


def code_of(error: BaseException | None) -> str | None:
    """Return the code of a domain error, or None for any other error."""
    for kind in type(error).__mro__ if error is not None else ():
        if kind in CODES:
            return CODES[kind]
    return None


def formatted(failures: Sequence[GraphQLError]) -> list[GraphQLFormattedError]:
    """Format errors. Unexpected ones are logged with their stack and returned without it."""
    return [_formatted(error) for error in failures]


def _formatted(error: GraphQLError) -> GraphQLFormattedError:
    result = error.formatted
    extensions = dict(error.extensions or {})
    cause = _root(error)
    if cause is not None and "code" not in extensions:
        code = code_of(cause)
        if code is None:
            log.error("unhandled error in a resolver", exc_info=cause)
            code = INTERNAL
            result["message"] = (
                "An internal error occurred; the log has the details under the request id."
            )
        extensions["code"] = code
        if isinstance(cause, errors.Invalid) and cause.faults:
            fault = cause.faults[0]
            name = fault.pointer.removeprefix("/")
            result["message"] = f"{name}: {fault.detail}" if name else fault.detail
    # Without a cause in our code, graphql-core found an error in the query.
    result["extensions"] = {"code": BAD_USER_INPUT} | extensions
    return result


def _root(error: GraphQLError) -> BaseException | None:
    """Return the exception raised by our code, unwrapped from graphql-core's."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
