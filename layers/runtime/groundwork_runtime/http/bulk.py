"""`POST /R/bulk` and the like: up to 1,000 items in one request, each with its own result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from groundwork_core.resources.bulk import BULK_MAX, BulkOutcome, Outcome, Refused, Upserted
from groundwork_core.resources.resource import Input, Resource
from groundwork_runtime.http.body_limits import MANY_BYTES_MAX
from groundwork_runtime.http.bulk_items import FAULTS_MAX, BulkItems
from groundwork_runtime.http.problem import fault_members
from groundwork_runtime.http.resources import no_parameters
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, Router

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

STATUSES: Mapping[Outcome, int] = {"created": 201, "updated": 200, "unchanged": 200}
REJECTED = 422

New = TypeVar("New", bound=Input)


class ItemFault(BaseModel):
    """One error in an item; `pointer` is relative to the item."""

    model_config = ConfigDict(defer_build=True)

    pointer: str
    detail: str


class ItemError(BaseModel):
    """The reason why an item was rejected."""

    model_config = ConfigDict(defer_build=True)

    detail: str
    errors: list[ItemFault]


class ItemResult(BaseModel):
    """The result of one item: `id` and `result` if it was accepted, else `error`."""

    model_config = ConfigDict(defer_build=True)

    index: int
    status: Literal[200, 201, 422]
    result: Outcome | None = None
    id: UUID | None = None
    error: ItemError | None = None


class BulkResults(BaseModel):
    """One result per item, in the order of the request."""

    model_config = ConfigDict(defer_build=True)

    results: list[ItemResult]


class BulkRoute(Generic[New]):
    """A bulk operation: one use case for all valid items, one result per item."""

    def __init__(
        self,
        resource: Resource,
        model: type[New],
        act: Callable[[Mapping[int, New], Wiring], BulkOutcome],
        *,
        word: str = "bulk",
        verb: str = "upsert",
        summary_verb: str = "Create or update",
    ) -> None:
        """`act` gets the valid items by their index.

        `word` is the last segment of the path, `verb` the beginning of the operation id, and
        `summary_verb` that of the summary.
        """
        self._resource = resource
        self._items = BulkItems(model, BULK_MAX)
        self._act = act
        self._word = word
        self._verb = verb
        self._summary_verb = summary_verb

    def register(self, router: Router, under: str = "/api/v1") -> None:
        """Add the operation to a router."""
        name = self._resource.name
        router.add(
            Operation(
                "POST",
                f"{under}/{name}/{self._word}",
                self.upsert,
                200,
                f"{name}:write",
                None,
                signature=self._signature,
                docs={
                    "operation_id": f"{self._verb}{name.title()}",
                    "summary": f"{self._summary_verb} up to {BULK_MAX:,} {name}",
                    "result": "One result per item, in order; items may fail individually.",
                    "tag": name,
                    "writes": True,
                },
                body_bytes_max=MANY_BYTES_MAX,
            )
        )

    def upsert(self, request: Request, _caller: Caller, wiring: Wiring) -> HttpResponse:
        """Return 200 with one result per item, including the rejected ones."""
        no_parameters(request)
        good, bad = self._items.read(request)
        done = self._act(good, wiring)
        outcomes = {**bad, **dict(zip(good, done.items, strict=True))}
        results = [_result(index, outcomes[index]) for index in sorted(outcomes)]
        headers = {} if done.position is None else {"X-Groundwork-Position": done.position}
        return HttpResponse(200, to_json({"results": results}).decode(), JSON, headers)

    def _signature(self) -> Signature:
        body = Parameter("body", Parameter.KEYWORD_ONLY, annotation=self._items.body)
        return Signature([body], return_annotation=BulkResults)


def _result(index: int, outcome: Upserted | Refused) -> dict[str, object]:
    if isinstance(outcome, Upserted):
        status = STATUSES[outcome.outcome]
        return {"index": index, "status": status, "result": outcome.outcome, "id": str(outcome.id)}
    error = {"detail": "The item is invalid.", "errors": fault_members(outcome.faults, FAULTS_MAX)}
    return {"index": index, "status": REJECTED, "error": error}
