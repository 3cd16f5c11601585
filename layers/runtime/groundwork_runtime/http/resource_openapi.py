"""What the OpenAPI document says of a resource's operations: types only, built when asked for."""

from __future__ import annotations

from inspect import Parameter, Signature
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from groundwork_core.resources.page import SORT_DEFAULT, TEXT_MAX

if TYPE_CHECKING:
    from groundwork_core.resources.resource import Filter, Resource
    from groundwork_runtime.http.router import OperationDocs


def words(method: str, resource: Resource, is_one: bool) -> OperationDocs:  # noqa: FBT001 - a fact about the path
    """Name and describe an operation."""
    verbs = {"POST": "create", "PATCH": "change", "DELETE": "remove"}
    verb = verbs.get(method, "read" if is_one else "list")
    about = resource.name if verb == "list" else resource.singular
    name = about.title().replace("-", "").replace(" ", "")
    article = "an" if about[0] in "aeiou" else "a"
    summary = "List " + about if verb == "list" else f"{verb.title()} {article} {about}"
    words: OperationDocs = {"operation_id": verb + name, "summary": summary, "tag": resource.name}
    if verb in ("read", "change", "remove"):
        words["conditional"] = "read" if verb == "read" else "write"
    if verb in verbs.values():
        words["writes"] = True
    words["problems"] = {"create": (409,), "change": (409,), "remove": (409,)}.get(verb, ())
    if resource.mergeable and "conditional" in words:
        words["problems"] = (308, *words["problems"])
    return words


def words_of_act(verb: str, resource: Resource) -> OperationDocs:
    """Name and describe an act upon one."""
    return {
        **words("PATCH", resource, is_one=True),
        "operation_id": verb + resource.singular.title().replace("-", "").replace(" ", ""),
        "summary": f"{verb.title()} {'an' if resource.singular[0] in 'aeiou' else 'a'}"
        f" {resource.singular}",
    }


def listed(resource: Resource, within: str | None = None) -> Signature:
    """Filters, order and place in; a page out. `within`: a filter that the path's id sets."""
    from aws_lambda_powertools.event_handler.openapi.params import Query
    from pydantic import create_model

    order: Any = Literal[
        tuple(f"{sign}{name}" for name in resource.all_sorts for sign in ("", "-"))
    ]
    parameters = [
        _query("limit", Annotated[int, Query(ge=1, le=200)], 50),
        _query("cursor", Annotated[str | None, Query(description="The page before's next_cursor")]),
        _query("sort", Annotated[order, Query(description=_usual_sort(resource))], SORT_DEFAULT),
        *(_query(one.name, _type(one) | None) for one in resource.filters if one.name != within),
    ]
    if within is not None:
        parameters.insert(0, Parameter(within, Parameter.KEYWORD_ONLY, annotation=UUID))
    items: Any = GenericAlias(list, (resource.model,))
    page = create_model(
        f"{resource.model.__name__}Page",
        __doc__=f"A page of {resource.name}.",
        items=(items, ...),
        next_cursor=(str | None, ...),
    )
    return Signature(parameters, return_annotation=page)


def one(resource: Resource) -> Signature:
    """An id in, one out."""
    return Signature([_id(resource)], return_annotation=resource.model)


def created(resource: Resource) -> Signature:
    """A new one in and out."""
    return Signature(
        [_body(resource.create)], return_annotation=resource.shown_once or resource.model
    )


def changed(resource: Resource) -> Signature:
    """A patch in, the changed one out."""
    return Signature([_id(resource), _body(resource.patch)], return_annotation=resource.model)


def removed(resource: Resource) -> Signature:
    """An id in, nothing out."""
    return Signature([_id(resource)])


def _id(resource: Resource) -> Parameter:
    return Parameter(resource.id_name, Parameter.KEYWORD_ONLY, annotation=UUID)


def _body(model: object) -> Parameter:
    return Parameter("body", Parameter.KEYWORD_ONLY, annotation=model)


MOMENT = (
    "A time as in a body: RFC 3339, a date alone is its midnight in UTC. In a query `+` means a"
    " blank, so write an offset's as `%2B`; a blank in its place is taken for it."
)


def _query(name: str, annotation: object, default: object = None) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _usual_sort(resource: Resource) -> str | None:
    narrowing = [one.name for one in resource.filters if one.operator in ("after", "before")]
    if not narrowing:
        return None
    return f"A list that {' or '.join(narrowing)} narrows is sorted by that time, the latest first."


def _type(one: Filter) -> Any:
    from datetime import datetime

    from pydantic import Field

    if one.choices:
        return Literal[one.choices]
    types: dict[str, Any] = {
        "text": Annotated[str, Field(max_length=TEXT_MAX)],
        "id": UUID,
        "number": float,
        "integer": int,
        "moment": Annotated[datetime, Field(description=MOMENT)],
        "flag": bool,
    }
    return types[one.type]
