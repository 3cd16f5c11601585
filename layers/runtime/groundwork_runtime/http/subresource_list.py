"""Lists of the parts of one resource, such as `GET /documents/<document_id>/mentions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.reading import list_many, read_one
from groundwork_runtime.http.resources import id_of
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Operation, Router

if TYPE_CHECKING:
    from inspect import Signature

    from groundwork_core.caller import Caller
    from groundwork_core.resources.resource import Resource
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

EMPTY = '{"items":[],'


class SubresourceList:
    """A list of parts; requires the permission to read the resource that they belong to."""

    def __init__(self, whole: Resource, parts: Resource, word: str, summary: str) -> None:
        """`word` is the last segment of the path.

        `parts` must have a filter with the name of the id of `whole`, which the path sets.
        """
        self._whole = whole
        self._parts = parts
        self._word = word
        self._summary = summary

    def register(self, router: Router, under: str = "/api/v1") -> None:
        """Add the operation to a router."""
        from groundwork_runtime.http.resource_openapi import label

        whole = self._whole
        result = f"A page of {label(self._parts.name)}, and the cursor of the next page."
        router.add(
            Operation(
                "GET",
                f"{under}/{whole.name}/<{whole.id_name}>/{self._word}",
                self.page,
                200,
                f"{whole.name}:read",
                None,
                signature=self._signature,
                docs={
                    "operation_id": f"list{whole.singular.title()}{self._word.title()}",
                    "summary": self._summary,
                    "result": result,
                    "tag": whole.name,
                    "problems": (404,),
                },
            )
        )

    def page(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Return one page. Only if it is empty, check that the resource exists."""
        store, known, within = wiring.resources, id_of(self._whole, text), self._whole.id_name
        if within in request.query:
            raise Invalid(
                "The query is invalid; see errors.",
                (Fault(f"/{within}", "is set by the path and cannot be a parameter"),),
            )
        parameters = {**request.query, within: (text,)}
        page = list_many(self._parts, parameters, store=store, cursors=wiring.cursors, by=caller)
        if page.startswith(EMPTY):
            read_one(self._whole, known, store=store, by=caller)
        return HttpResponse(200, page)

    def _signature(self) -> Signature:
        from groundwork_runtime.http.resource_openapi import listed

        return listed(self._parts, within=self._whole.id_name)
