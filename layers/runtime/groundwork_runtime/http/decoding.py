"""Decode a JSON body into a model: check sizes first, then validate.

Pydantic reports every error of every item: 10 MB of junk produce gigabytes of reports. Therefore
oversized lists and objects are rejected by their length before validation, and lists stop at their
first bad item (`fail_fast`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, JsonValue, ValidationError

from groundwork_core.errors import Fault, Invalid
from groundwork_core.validation_faults import validation_faults
from groundwork_runtime.http.problem import FAULTS_MAX

if TYPE_CHECKING:
    from groundwork_runtime.http.request import Request

JSON_TYPES = ("application/json",)
UNKNOWN_MAX = 20
"""If a body has more unknown fields than this, only unknown fields are reported."""
MEMBERS_MAX = 20
"""Limit on the members of a nested object whose members a model defines."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Limits on the items and members of a field; None means no limit."""

    items: int | None
    members: int | None


def decode(model: type[Model], request: Request, types: tuple[str, ...] = JSON_TYPES) -> Model:
    """Decode and validate the request's body.

    Raises:
        UnsupportedMediaType: the Content-Type is not accepted.
        NotJson: the body is missing or malformed.
        Invalid: the body does not fit the model; each fault has a pointer.
    """
    given = request.json(types=types)
    faults = tuple(islice(size_faults(model, given), FAULTS_MAX))
    if faults:
        raise Invalid("The input is invalid; see errors.", faults)
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        raise Invalid("The input is invalid; see errors.", faults_of(error, given)) from error


def faults_of(error: ValidationError, given: JsonValue) -> tuple[Fault, ...]:
    """Convert a ValidationError to faults with pointers into the input."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return validation_faults(found, given)


def size_faults(model: type[BaseModel], given: JsonValue) -> Iterator[Fault]:
    """Yield a fault for each oversized field, without validating any item."""
    if not isinstance(given, dict):
        return
    known = sizes_of(model)
    if len(given) > UNKNOWN_MAX:
        unknown = [name for name in given if name not in known]
        if len(unknown) > UNKNOWN_MAX:
            yield from (Fault(_pointer(name), "is not a known field") for name in unknown)
            return
    for name, value in given.items():
        if not isinstance(value, list | dict) or name not in known:
            continue
        sizes = known[name]
        if isinstance(value, list) and sizes.items is not None and len(value) > sizes.items:
            many = f"must have at most {sizes.items:,} items, not {len(value):,}"
            yield Fault(_pointer(name), many)
        elif isinstance(value, dict) and sizes.members is not None and len(value) > sizes.members:
            yield Fault(_pointer(name), f"must have at most {sizes.members:,} members")


@cache
def sizes_of(model: type[BaseModel]) -> Mapping[str, Sizes]:
    """Return the size limits of a model's fields, by their JSON names."""
    found = {}
    for name, field in model.model_fields.items():
        annotation = (
            Annotated[field.annotation, *field.metadata] if field.metadata else (field.annotation)
        )
        found[field.alias or name] = _sizes(annotation)
    return found


def _sizes(annotation: Any) -> Sizes:
    items: list[int] = []
    members: list[int] = []
    _collect(annotation, (), items, members)
    return Sizes(max(items, default=None), max(members, default=None))


def _collect(annotation: Any, marks: tuple[Any, ...], items: list[int], members: list[int]) -> None:
    """Collect the size limits of an annotation, including those of every variant of a union."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        _collect(arguments[0], (*marks, *annotation.__metadata__), items, members)
    elif origin in (Union, UnionType):
        for variant in arguments:
            _collect(variant, (), items, members)
    elif origin in (tuple, list):
        items += [mark.max_length for mark in _flat(marks) if isinstance(mark, MaxLen)][:1]
    elif origin is dict:
        if arguments[0] is not str:
            members.append(MEMBERS_MAX)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        members.append(MEMBERS_MAX)


def _flat(marks: tuple[Any, ...]) -> Iterator[Any]:
    for mark in marks:
        yield mark
        yield from getattr(mark, "metadata", ())


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
