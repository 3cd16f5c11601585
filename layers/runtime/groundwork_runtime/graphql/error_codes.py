"""Errors as GraphQL tells them: a stable code each, and nothing of our inside."""

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
    """A query that is refused before it runs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, extensions={"code": code})


def code_of(error: BaseException | None) -> str | None:
    """Return the code of one of the domain's errors, or None if it is none."""
    for kind in type(error).__mro__ if error is not None else ():
        if kind in CODES:
            return CODES[kind]
    return None


def formatted(failures: Sequence[GraphQLError]) -> list[GraphQLFormattedError]:
    """Tell errors. What nobody foresaw is logged with its stack and told without."""
    return [_formatted(error) for error in failures]


def _formatted(error: GraphQLError) -> GraphQLFormattedError:
    told = error.formatted
    extensions = dict(error.extensions or {})
    cause = _root(error)
    if cause is not None and "code" not in extensions:
        code = code_of(cause)
        if code is None:
            log.error("unhandled error in a resolver", exc_info=cause)
            code = INTERNAL
            told["message"] = (
                "An internal error occurred; the log has the details under the request id."
            )
        extensions["code"] = code
    # What has no cause in our code is what graphql-core found wrong with the query itself.
    told["extensions"] = {"code": BAD_USER_INPUT} | extensions
    return told


def _root(error: GraphQLError) -> BaseException | None:
    """Return what was raised in our code, beneath graphql-core's own wrapping."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
