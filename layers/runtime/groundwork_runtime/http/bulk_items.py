"""Decode `{"items": […]}`: each item is validated on its own, so that bad ones can be rejected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic_core import to_json

from groundwork_core.errors import Invalid
from groundwork_core.resources.bulk import Refused
from groundwork_core.resources.resource import Input
from groundwork_core.validation_faults import validation_faults
from groundwork_runtime.http.decoding import size_faults

if TYPE_CHECKING:
    from groundwork_runtime.http.request import Request

ITEMS = "items"
FAULTS_MAX = 5
"""Reported per item: the faults of a thousand items must fit into one response."""

New = TypeVar("New", bound=Input)


class BulkItems(Generic[New]):
    """The items of a bulk operation."""

    def __init__(self, model: type[New], most: int) -> None:
        """`most` is the number of items that one request may have."""
        self._model = model
        self._most = most

    @cached_property
    def body(self) -> type[BaseModel]:
        """The model of the body, built at the first use so that cold starts stay short."""
        items: Any = Annotated[tuple[self._model, ...], Field(max_length=self._most)]  # type: ignore[name-defined]
        return create_model(
            f"Bulk{self._model.__name__}",
            __base__=Input,
            __doc__=f"Up to {self._most:,} items.",
            items=(items, ...),
        )

    def read(self, request: Request) -> tuple[dict[int, New], dict[int, Refused]]:
        """Return the valid items and the rejected ones, by index.

        Raises:
            Invalid: the body is not an object with a list of at most so many items.
        """
        given: Any = request.json()
        faults = tuple(size_faults(self.body, given))
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
        items: tuple[New, ...] = getattr(self.body.model_validate_json(body), ITEMS)
        return items


def _indexes_except(given: Any, refused: Mapping[int, Refused]) -> list[int]:
    return [place for place in range(len(given[ITEMS])) if place not in refused]
