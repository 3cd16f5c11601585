"""HTTP operations of any resource: create, read, list, change, remove, and named actions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from groundwork_core.errors import Fault, Invalid, NotFound
from groundwork_core.resources import write_hooks, writing
from groundwork_core.resources.reading import list_many, read_one
from groundwork_runtime.http import etags
from groundwork_runtime.http.body_limits import ONE_BYTES_MAX
from groundwork_runtime.http.decoding import JSON_TYPES, decode
from groundwork_runtime.http.endpoint import unwanted
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, Router

if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature

    from groundwork_core.caller import Caller
    from groundwork_core.resources.ports import WriteHooks, Written
    from groundwork_core.resources.resource import Input, Resource
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

    MakeWriteHooks = Callable[[Wiring, Caller], WriteHooks[Any]]
    Document = Callable[[Resource], Signature]

MERGE_PATCH = "application/merge-patch+json"
REVALIDATE = "private, no-cache"


class ResourceRoutes:
    """The HTTP operations of one resource: decode, call one use case, encode."""

    def __init__(
        self,
        resource: Resource,
        hooks: MakeWriteHooks | None = None,
        *,
        body_bytes_max: int = ONE_BYTES_MAX,
    ) -> None:
        """`hooks` returns the hooks of a caller's writes; None if the resource has none."""
        self.resource = resource
        self._body_bytes_max = body_bytes_max
        self._hooks = hooks

    def register(self, router: Router, under: str = "/api/v1") -> None:
        """Add the operations that the resource supports to a router."""
        from groundwork_runtime.http import resource_openapi

        resource, name = self.resource, self.resource.name
        list_path, item_path = f"{under}/{name}", f"{under}/{name}/<{resource.id_name}>"
        read, write = f"{name}:read", f"{name}:write"
        offered: list[tuple[str, str, Callable[..., HttpResponse], int, str, Document]] = [
            ("GET", list_path, self.page, 200, read, resource_openapi.listed),
            ("GET", item_path, self.read, 200, read, resource_openapi.read_one),
        ]
        if resource.create is not None:
            offered.append(("POST", list_path, self.create, 201, write, resource_openapi.created))
        if resource.patch is not None:
            offered.append(("PATCH", item_path, self.change, 200, write, resource_openapi.changed))
        if resource.removable:
            removes = " ".join((write, *(f"{other}:write" for other in resource.removes)))
            offered.append(
                ("DELETE", item_path, self.remove, 204, removes, resource_openapi.removed)
            )
        for method, path, handler, status, needs, document in offered:
            router.add(
                Operation(
                    method,
                    path,
                    handler,
                    status,
                    needs,
                    None,
                    signature=partial(document, resource),
                    docs=resource_openapi.operation_docs(method, resource, path == item_path),
                    body_bytes_max=self._body_bytes_max,
                )
            )

    def register_action(
        self, router: Router, verb: str, patch: Input, under: str = "/api/v1"
    ) -> None:
        """Add `POST /R/<id>/<verb>`, which applies a fixed patch."""
        from groundwork_runtime.http import resource_openapi

        resource = self.resource
        router.add(
            Operation(
                "POST",
                f"{under}/{resource.name}/<{resource.id_name}>/{verb}",
                partial(self._acted, patch),
                200,
                f"{resource.name}:write",
                None,
                signature=partial(resource_openapi.read_one, resource),
                docs=resource_openapi.action_docs(verb, resource),
            )
        )

    def page(self, request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
        """Return one page of the list."""
        body = list_many(
            self.resource,
            request.query,
            store=wiring.resources,
            cursors=wiring.cursors,
            by=caller,
        )
        return HttpResponse(200, body)

    def read(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Return one resource, or 304 if the client's copy is current."""
        known = self._id(request, text)
        stored = read_one(self.resource, known, store=wiring.resources, by=caller)
        headers = {"ETag": f'"{stored.tag}"', "Cache-Control": REVALIDATE}
        if etags.unchanged(request.headers.get("if-none-match"), stored.tag):
            return HttpResponse(304, None, None, headers)
        return HttpResponse(200, stored.body, JSON, headers)

    def create(self, request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
        """Create a resource."""
        no_parameters(request)
        assert self.resource.create is not None  # noqa: S101 - else not registered
        new = decode(self.resource.create, request)
        if self._hooks is None:
            written = writing.create(self.resource, new, store=wiring.resources, by=caller)
        else:
            written = write_hooks.create_with_hooks(
                self.resource, new, work=wiring.work(), then=self._hooks(wiring, caller), by=caller
            )
        return written_response(
            201, written, {"Location": f"{request.path.rstrip('/')}/{written.id}"}
        )

    def change(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Merge a patch into a resource."""
        assert self.resource.patch is not None  # noqa: S101 - else not registered
        known, expected = self._id(request, text), _expected(request)
        patch = decode(self.resource.patch, request, (*JSON_TYPES, MERGE_PATCH))
        return self._changed(known, expected, patch, caller, wiring)

    def _acted(
        self, patch: Input, request: Request, caller: Caller, wiring: Wiring, text: str
    ) -> HttpResponse:
        known, expected = self._id(request, text), _expected(request)
        if request.body and (faults := unwanted(request.json())):
            raise Invalid("The input is invalid; see errors.", tuple(faults))
        return self._changed(known, expected, patch, caller, wiring)

    def _changed(
        self, known: UUID, expected: writing.Expected, patch: Input, caller: Caller, wiring: Wiring
    ) -> HttpResponse:
        if self._hooks is None:
            written = writing.change(
                self.resource, known, expected, patch, store=wiring.resources, by=caller
            )
        else:
            written = write_hooks.change_with_hooks(
                self.resource,
                known,
                expected,
                patch,
                work=wiring.work(),
                then=self._hooks(wiring, caller),
                by=caller,
            )
        return written_response(200, written, {})

    def remove(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Remove a resource."""
        known, expected = self._id(request, text), _expected(request)
        if self._hooks is None:
            position = writing.remove(
                self.resource, known, expected, store=wiring.resources, by=caller
            )
        else:
            position = write_hooks.remove_with_hooks(
                self.resource,
                known,
                expected,
                work=wiring.work(),
                then=self._hooks(wiring, caller),
                by=caller,
            )
        return HttpResponse(204, None, None, {"X-Groundwork-Position": position})

    def _id(self, request: Request, text: str) -> UUID:
        no_parameters(request)
        return id_of(self.resource, text)


def _expected(request: Request) -> writing.Expected:
    return etags.expected(request.headers.get("if-match"))


def id_of(resource: Resource, text: str) -> UUID:
    """Parse an id from a path. Raises NotFound if it is not a UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(resource.missing()) from None


def no_parameters(request: Request) -> None:
    """Raise Invalid if the request has query parameters."""
    if request.query:
        faults = tuple(_unknown(name) for name in request.query)
        raise Invalid("The query is invalid; see errors.", faults)


def _unknown(name: str) -> Fault:
    return Fault(f"/{name}", "is not a parameter of this operation")


def written_response(status: int, written: Written, headers: dict[str, str]) -> HttpResponse:
    """Return the written resource, with its version and position in headers."""
    headers["ETag"] = etags.etag(written.tag)
    if written.position is not None:
        headers["X-Groundwork-Position"] = written.position
    return HttpResponse(status, written.body, JSON, headers)
