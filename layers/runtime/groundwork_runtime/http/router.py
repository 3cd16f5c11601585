"""What a function serves, and what each route needs. Nothing is open unless it says why.

    router = Router()

    @router.post("/api/v1/sources/<source_id>/fetch", status=202, needs="sources:write")
    def request_fetch(source_id: UUID, caller: Caller) -> FetchRequested:
        ...

A handler's parameters are filled by their types: `Caller`, `Request` and `Wiring` are given;
names in the path come from there; a Pydantic model is the JSON body; all else are query
parameters. It returns an `Answer`, or a model that becomes one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from groundwork_runtime.http.body_limits import ONE_BYTES_MAX

GET, HEAD = "GET", "HEAD"
VERSIONED = ["api", "v1"]
SIGNED_IN = "signed-in"
"""For `needs`: any caller who is known."""
IN_PERSON = "in-person"
"""For `needs`: any caller who has logged in; an API key cannot do it for them."""

Handler = TypeVar("Handler", bound=Callable[..., Any])


class UndeclaredAccess(Exception):
    """A route says neither what it needs nor why it is open; or it says both."""


class OperationDocs(TypedDict, total=False):
    """What only the documentation shows."""

    summary: str
    tag: str
    operation_id: str
    problems: tuple[int, ...]
    """Statuses of problems that it may answer, beyond those that follow from what it is."""
    conditional: Literal["read", "write"]
    """It takes If-None-Match, or needs If-Match; and answers an ETag."""
    writes: bool
    """It answers X-Groundwork-Position."""
    returns: Mapping[str, Any]
    """OpenAPI content, by media type, where the handler answers text that it made itself."""
    body: Mapping[str, Any]
    """OpenAPI content, by media type, where the handler decodes its own body."""
    also: Mapping[int, Mapping[str, Any]]
    """OpenAPI content that problems of a status have beside problem+json."""
    takes: Sequence[Mapping[str, Any]]
    """OpenAPI parameters that the handler reads from its request by itself."""


def with_head(methods: Iterable[str]) -> list[str]:
    """Return the methods in order, with HEAD where there is GET (RFC 9110 section 9.1)."""
    taken = set(methods)
    return sorted(taken | {HEAD} if GET in taken else taken)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    handler: Callable[..., Any]
    status: int
    needs: str | None
    """The permission, or several with blanks between them (as scopes in RFC 6749, section 3.3), all
    of which it takes; SIGNED_IN, IN_PERSON, or None: it is open."""
    open: str | None
    """Why it is open."""
    signature: Callable[[], inspect.Signature] | None = None
    """For a handler that decodes its `Request` itself: its parameters, as documentation."""
    documented: OperationDocs = field(default_factory=OperationDocs)
    body_bytes_max: int = ONE_BYTES_MAX

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions that it takes, all of them."""
        return permissions_of(self.needs)

    @property
    def repeatable(self) -> bool:
        """Whether it takes an Idempotency-Key: it has an effect each time, and a known caller."""
        return self.method == "POST" and (self.needs or "").endswith(":write")


def permissions_of(needs: str | None) -> tuple[str, ...]:
    """Return the permissions among what an operation needs."""
    return () if needs in (None, SIGNED_IN, IN_PERSON) else tuple(needs.split())


class Router:
    """Registers operations."""

    def __init__(self, body_bytes_max: int = ONE_BYTES_MAX) -> None:
        """Begin with none. `body_bytes_max` holds for those that are registered by decorators."""
        self.operations: list[Operation] = []
        self._body_bytes_max = body_bytes_max

    def get(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - reads as the rule it is
        status: int = 200,
        **documented: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a GET, which HEAD is answered from. See `add` for what it may raise."""
        return self._registering(GET, path, needs, open, status, documented)

    def post(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 200,
        **documented: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a POST. See `add` for what it may raise."""
        return self._registering("POST", path, needs, open, status, documented)

    def patch(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 200,
        **documented: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a PATCH. See `add` for what it may raise."""
        return self._registering("PATCH", path, needs, open, status, documented)

    def delete(
        self,
        path: str,
        *,
        needs: str | None = None,
        open: str | None = None,  # noqa: A002 - as above
        status: int = 204,
        **documented: Unpack[OperationDocs],
    ) -> Callable[[Handler], Handler]:
        """Register a DELETE. See `add` for what it may raise."""
        return self._registering("DELETE", path, needs, open, status, documented)

    def add(self, operation: Operation) -> None:
        """Register an operation.

        Raises:
            Unguarded: it must say what it needs, or why it is open, and not both.
        """
        name = f"{operation.method} {operation.path}"
        if bool(operation.needs) == bool(operation.open):
            message = f"{name}: say needs='resource:read' (or SIGNED_IN), or open='why'"
            raise UndeclaredAccess(message)
        for word in operation.permissions:
            if not word.endswith((":read", ":write")):
                message = f"{name}: {word!r} is no permission"
                raise UndeclaredAccess(message)
        self.operations.append(operation)

    def include(self, other: Router) -> None:
        """Take over the operations of another router."""
        self.operations += other.operations

    def at(self, _path: str) -> Router:
        """Return the router that serves a path: this one."""
        return self

    def _registering(
        self,
        method: str,
        path: str,
        needs: str | None,
        reason: str | None,
        status: int,
        documented: OperationDocs,
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
                    documented=documented,
                    body_bytes_max=self._body_bytes_max,
                )
            )
            return handler

        return register


class LazyRouters:
    """Routers by the beginning of their paths, each imported when the first request for it comes.

    A cold start then pays for the one area that it was made for. A beginning is `/api/v1/<word>`,
    or the first word of other paths.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        """Take modules by beginning; each has a `router`."""
        self._modules = modules
        self._nowhere = Router()

    @property
    def operations(self) -> list[Operation]:
        """All operations of all areas."""
        routers = (self.at(beginning) for beginning in self._modules)
        return [operation for router in routers for operation in router.operations]

    def at(self, path: str) -> Router:
        """Return the router that serves a path; an empty one where nothing does."""
        parts = path.split("/", 4)
        module = self._modules.get("/".join(parts[:4] if parts[1:3] == VERSIONED else parts[:2]))
        if module is None:
            return self._nowhere
        router: Router = import_module(module).router
        return router
