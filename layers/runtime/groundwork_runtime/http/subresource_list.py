"""Lists of what belongs to one thing: `GET /documents/<document_id>/mentions`."""

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
    """One page of the parts of a whole, who may read the whole may list them."""

    def __init__(self, whole: Resource, parts: Resource, word: str, summary: str) -> None:
        """Take both, what the path calls the parts, and what the documentation says.

        The parts have a filter named as the whole's id, which the path sets.
        """
        self._whole = whole
        self._parts = parts
        self._word = word
        self._summary = summary

    def register(self, router: Router, under: str = "/api/v1") -> None:
        """Add the operation."""
        whole = self._whole
        router.add(
            Operation(
                "GET",
                f"{under}/{whole.name}/<{whole.id_name}>/{self._word}",
                self.page,
                200,
                f"{whole.name}:read",
                None,
                signature=self._signature,
                documented={
                    "operation_id": f"list{whole.singular.title()}{self._word.title()}",
                    "summary": self._summary,
                    "tag": whole.name,
                    "problems": (404,),
                },
            )
        )

    def page(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Answer one page; whether the whole is there is asked only when there is nothing."""
        store, known, within = wiring.resources, id_of(self._whole, text), self._whole.id_name
        if within in request.query:
            raise Invalid("The query has faults.", (Fault(f"/{within}", "stands in the path"),))
        parameters = {**request.query, within: (text,)}
        page = list_many(self._parts, parameters, store=store, cursors=wiring.cursors, by=caller)
        if page.startswith(EMPTY):
            read_one(self._whole, known, store=store, by=caller)
        return HttpResponse(200, page)

    def _signature(self) -> Signature:
        from groundwork_runtime.http.resource_openapi import listed

        return listed(self._parts, within=self._whole.id_name)
