"""`POST /R/bulk` and the like: up to 1,000 items in one request, each with its own result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from inspect import Parameter, Signature
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import to_json

from groundwork_core.errors import Invalid
from groundwork_core.resources.bulk import BULK_MAX, BulkOutcome, Outcome, Refused, Upserted
from groundwork_core.resources.resource import Input, Resource
from groundwork_runtime.http.body_limits import MANY_BYTES_MAX
from groundwork_runtime.http.decoding import size_faults
from groundwork_runtime.http.problem import fault_members, validation_faults
from groundwork_runtime.http.resources import no_parameters
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, Router

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

STATUSES: Mapping[Outcome, int] = {"created": 201, "updated": 200, "unchanged": 200}
REJECTED = 422
ITEMS = "items"
FAULTS_MAX = 5
"""Reported per item: the faults of a thousand items must fit into one response."""

New = TypeVar("New", bound=Input)


class ItemFault(BaseModel):
    """One error in an item; `pointer` is relative to the item."""

    model_config = ConfigDict(defer_build=True)

    pointer: str
    detail: str


class ItemError(BaseModel):
    """Why an item was rejected."""

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
        self._model = model
        self._act = act
        self._word = word
        self._verb = verb
        self._summary_verb = summary_verb

    @cached_property
    def _envelope(self) -> type[BaseModel]:
        """The model of the body, built at the first use so that cold starts stay short."""
        items: Any = Annotated[tuple[self._model, ...], Field(max_length=BULK_MAX)]  # type: ignore[name-defined]
        return create_model(
            f"Bulk{self._model.__name__}",
            __base__=Input,
            __doc__=f"Up to {BULK_MAX:,} items.",
            items=(items, ...),
        )

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
        good, bad = self._read(request)
        done = self._act(good, wiring)
        outcomes = {**bad, **dict(zip(good, done.items, strict=True))}
        results = [_result(index, outcomes[index]) for index in sorted(outcomes)]
        headers = {} if done.position is None else {"X-Groundwork-Position": done.position}
        return HttpResponse(200, to_json({"results": results}).decode(), JSON, headers)

    def _read(self, request: Request) -> tuple[dict[int, New], dict[int, Refused]]:
        given: Any = request.json()
        faults = tuple(size_faults(self._envelope, given))
        if faults:
            raise Invalid("The input is invalid; see errors.", faults)
        bad = self._oversized(given)
        try:
            return self._validated(request.body, given, bad), bad
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(fault["loc"][:1] != (ITEMS,) or len(fault["loc"]) == 1 for fault in found):
            raise Invalid("The input is invalid; see errors.", validation_faults(found, given))
        places = _indexes_except(given, bad)
        wrong: dict[int, list[Any]] = defaultdict(list)
        for fault in found:
            wrong[places[int(fault["loc"][1])]].append({**fault, "loc": fault["loc"][2:]})
        items = given[ITEMS]
        bad |= {n: Refused(validation_faults(faults, items[n])) for n, faults in wrong.items()}
        return self._validated(request.body, given, bad), bad

    def _oversized(self, given: Any) -> dict[int, Refused]:
        """Return the items that are too large, without validating them."""
        items = given.get(ITEMS) if isinstance(given, dict) else None
        found = (
            (place, tuple(islice(size_faults(self._model, item), FAULTS_MAX + 1)))
            for place, item in enumerate(items if isinstance(items, list) else ())
        )
        return {place: Refused(faults) for place, faults in found if faults}

    def _validated(self, body: bytes, given: Any, without: Mapping[int, Refused]) -> dict[int, New]:
        """Return the validated items by index, without those already rejected."""
        if not without:
            return dict(enumerate(self._items(body)))
        places = _indexes_except(given, without)
        text = to_json({ITEMS: [given[ITEMS][place] for place in places]})
        return dict(zip(places, self._items(text), strict=True))

    def _items(self, body: bytes) -> tuple[New, ...]:
        items: tuple[New, ...] = getattr(self._envelope.model_validate_json(body), ITEMS)
        return items

    def _signature(self) -> Signature:
        body = Parameter("body", Parameter.KEYWORD_ONLY, annotation=self._envelope)
        return Signature([body], return_annotation=BulkResults)


def _indexes_except(given: Any, refused: Mapping[int, Refused]) -> list[int]:
    return [place for place in range(len(given[ITEMS])) if place not in refused]


def _result(index: int, outcome: Upserted | Refused) -> dict[str, object]:
    if isinstance(outcome, Upserted):
        status = STATUSES[outcome.outcome]
        return {"index": index, "status": status, "result": outcome.outcome, "id": str(outcome.id)}
    error = {"detail": "The item is invalid.", "errors": fault_members(outcome.faults, FAULTS_MAX)}
    return {"index": index, "status": REJECTED, "error": error}
