"""Register a function's operations and the permission that each requires.

An operation without authentication must say why. Example:

    router = Router()

    @router.post("/api/v1/sources/<source_id>/fetch", status=202, needs="sources:write")
    def request_fetch(source_id: UUID, caller: Caller) -> FetchRequested:
        ...

The type of a handler's parameter determines its value: `Caller`, `Request` and `Wiring` are
passed in; a name in the path is a path parameter; a Pydantic model is the JSON body; any other is
a query parameter. A handler returns an `HttpResponse`, or a value that is encoded as JSON.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from groundwork_runtime.http.body_limits import ONE_BYTES_MAX

GET, HEAD = "GET", "HEAD"
VERSIONED = ["api", "v1"]
SIGNED_IN = "signed-in"
"""A value of `needs`: any authenticated caller, without a permission."""
IN_PERSON = "in-person"
"""A value of `needs`: a caller with an access token; API keys are rejected."""

Handler = TypeVar("Handler", bound=Callable[..., Any])


class UndeclaredAccess(Exception):
    """An operation must state either the permission it requires or why it is open, not both."""


class OperationDocs(TypedDict, total=False):
    """The OpenAPI texts of an operation that the handler's signature cannot express."""

    summary: str
    tag: str
    operation_id: str
    problems: tuple[int, ...]
    """Problem statuses beyond those that every operation of its kind may return."""
    result: str
    """Description of the successful response. Required unless the response has no body."""
    other_results: Mapping[int, str]
    """Descriptions, by status, of further responses with the content of the successful one."""
    conditional: Literal["read", "write"]
    """"read" accepts If-None-Match, "write" requires If-Match; both return an ETag."""
    empty: bool
    """True if the operation responds with 204 when there is nothing to return."""
    writes: bool
    """True if the response has X-Groundwork-Position."""
    returns: Mapping[str, Any]
    """OpenAPI content by media type, for a handler that returns encoded text."""
    body: Mapping[str, Any]
    """OpenAPI content by media type, for a handler that decodes the body itself."""
    problem_content: Mapping[int, Mapping[str, Any]]
    """OpenAPI content by status, for problems that have other media types than problem+json."""
    parameters: Sequence[Mapping[str, Any]]
    """OpenAPI parameters that the handler reads from the request itself."""


def with_head(methods: Iterable[str]) -> list[str]:
    """Return the methods sorted, with HEAD added where GET is supported (RFC 9110 section 9.1)."""
    supported = set(methods)
    return sorted(supported | {HEAD} if GET in supported else supported)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    handler: Callable[..., Any]
    status: int
    needs: str | None
    """The required permission, or several separated by spaces (as scopes in RFC 6749, section 3.3);
    SIGNED_IN, IN_PERSON; or None, which means no authentication."""
    open: str | None
    """Reason for requiring no authentication."""
    signature: Callable[[], inspect.Signature] | None = None
    """The parameters to document, for a handler that decodes its `Request` itself."""
    docs: OperationDocs = field(default_factory=OperationDocs)
    body_bytes_max: int = ONE_BYTES_MAX

    @property
    def permissions(self) -> tuple[str, ...]:
        """All permissions that the operation requires."""
        return permissions_of(self.needs)

    @property
    def repeatable(self) -> bool:
        """True if it accepts an Idempotency-Key: a POST that writes for an authenticated caller."""
        return self.method == "POST" and (self.needs or "").endswith(":write")


PARAMETER_PATTERN = r"[-._~()'!*:@,;=+&$%<> \[\]{}|^\w]+"
"""Pattern of a path parameter: as in Powertools' resolver, which does not publish it. A test
compares both."""


@cache
def path_pattern(path: str) -> re.Pattern[str]:
    """Return what Powertools matches for a path; trailing slashes are ignored."""
    return re.compile(f"^{re.sub(r'<[^<>]+>', lambda _: PARAMETER_PATTERN, path)}/*$")


def methods_at(operations: Iterable[Operation], path: str) -> list[str]:
    """Return the methods that a path supports, sorted; empty if no operation has this path.

    Operations without path parameters take precedence: `/entities/bulk` is not an entity's id.
    """
    matching = [each for each in operations if path_pattern(each.path).match(path)]
    exact = {each.method for each in matching if "<" not in each.path}
    return with_head(exact or {each.method for each in matching})


def permissions_of(needs: str | None) -> tuple[str, ...]:
    """Return the permissions in `needs`, without the markers SIGNED_IN and IN_PERSON."""
    return () if needs in (None, SIGNED_IN, IN_PERSON) else tuple(needs.split())


class Router:
    """The operations of a function, or of one area of it."""

    def __init__(self, body_bytes_max: int = ONE_BYTES_MAX) -> None:
        """`body_bytes_max` applies to operations that are registered with decorators."""
        self.operations: list[Operation] = []
        self._body_bytes_max = body_bytes_max

    def get(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - reads as the rule it is
        status: int = 200,
        **docs: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a GET operation, which also serves HEAD. Raises the errors of `add`."""
        return self._registering(GET, path, needs, open, status, docs)

    def post(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 200,
        **docs: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a POST operation. Raises the errors of `add`."""
        return self._registering("POST", path, needs, open, status, docs)

    def patch(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 200,
        **docs: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a PATCH operation. Raises the errors of `add`."""
        return self._registering("PATCH", path, needs, open, status, docs)

    def delete(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 204,
        **docs: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a DELETE operation. Raises the errors of `add`."""
        return self._registering("DELETE", path, needs, open, status, docs)

    def add(self, operation: Operation) -> None:
        """Register an operation.

        Raises:
            UndeclaredAccess: not exactly one of `needs` and `open` is set, or `needs` is invalid.
        """
        name = f"{operation.method} {operation.path}"
        if bool(operation.needs) == bool(operation.open):
            message = f"{name}: set needs='resource:read' (or SIGNED_IN) or open='reason'"
            raise UndeclaredAccess(message)
        for word in operation.permissions:
            if not word.endswith((":read", ":write")):
                message = (
                    f"{name}: {word!r} is not a permission; permissions end with :read or :write"
                )
                raise UndeclaredAccess(message)
        self.operations.append(operation)

    def include(self, other: Router) -> None:
        """Add the operations of another router."""
        self.operations += other.operations

    def at(self, _path: str) -> Router:
        """Return this router, which serves all its paths; the counterpart of `LazyRouters.at`."""
        return self

    def _registering(
        self,
        method: str,
        path: str,
        needs: str | None,
        reason: str | None,
        status: int,
        docs: OperationDocs,
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.add(
                Operation(
                    method,
                    path,
                    handler,
                    status,
                    needs,
                    reason,
                    docs=docs,
                    body_bytes_max=self._body_bytes_max,
                )
            )
            return handler

        return register


class LazyRouters:
    """Routers by path prefix, each imported at the first request for it.

    A cold start then imports only the area that the first request needs. A prefix is
    `/api/v1/<word>`, or the first word of other paths.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        """`modules` maps prefixes to module names; each module has a `router`."""
        self._modules = modules
        self._empty = Router()

    @property
    def operations(self) -> list[Operation]:
        """The operations of all areas; imports every module."""
        routers = (self.at(prefix) for prefix in self._modules)
        return [operation for router in routers for operation in router.operations]

    def at(self, path: str) -> Router:
        """Return the router that serves a path, or an empty router."""
        parts = path.split("/", 4)
        module = self._modules.get("/".join(parts[:4] if parts[1:3] == VERSIONED else parts[:2]))
        if module is None:
            return self._empty
        router: Router = import_module(module).router
        return router
