"""Describe a resource's operations for the OpenAPI document: names, texts and signatures."""

from __future__ import annotations

from inspect import Parameter, Signature
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from groundwork_core.resources.page import DIGITS_MAX, SORT_DEFAULT, TEXT_MAX

if TYPE_CHECKING:
    from groundwork_core.resources.resource import Filter, Resource
    from groundwork_runtime.http.router import OperationDocs


def operation_docs(method: str, resource: Resource, is_one: bool) -> OperationDocs:  # noqa: FBT001 - data, not a switch
    """Return the documentation of a create, read, list, change or remove operation."""
    verbs = {"POST": "create", "PATCH": "change", "DELETE": "remove"}
    verb = verbs.get(method, "read" if is_one else "list")
    about = resource.name if verb == "list" else resource.singular
    name = about.title().replace("-", "").replace(" ", "")
    singular, plural = label(resource.singular), label(resource.name)
    summary = f"List {plural}" if verb == "list" else f"{verb.title()} {with_article(singular)}"
    docs: OperationDocs = {"operation_id": verb + name, "summary": summary, "tag": resource.name}
    results = {
        "list": f"A page of {plural}, and the cursor of the next page.",
        "read": f"The {singular}.",
        "create": f"The {singular} that was created.",
        "change": f"The {singular} after the change.",
    }
    if verb in results:
        docs["result"] = results[verb]
    if verb in ("read", "change", "remove"):
        docs["conditional"] = "read" if verb == "read" else "write"
    if verb in verbs.values():
        docs["writes"] = True
    docs["problems"] = {"create": (409,), "change": (409,), "remove": (409,)}.get(verb, ())
    if resource.mergeable and "conditional" in docs:
        docs["problems"] = (308, *docs["problems"])
    return docs


def action_docs(verb: str, resource: Resource) -> OperationDocs:
    """Return the documentation of `POST /R/<id>/<verb>`."""
    return {
        **operation_docs("PATCH", resource, is_one=True),
        "operation_id": verb + resource.singular.title().replace("-", "").replace(" ", ""),
        "summary": f"{verb.title()} {with_article(label(resource.singular))}",
    }


def label(name: str) -> str:
    """Return a resource's name as it is written in a sentence: `api-keys` is "API keys"."""
    return name.replace("-", " ").replace("api ", "API ")


def with_article(singular: str) -> str:
    """Return a noun with its indefinite article ("an entity", but "a user")."""
    return f"{'an' if singular[0].lower() in 'aeio' else 'a'} {singular}"


def signature(returned: Any, **parameters: type) -> Signature:
    """Return the signature of an operation that decodes its request itself."""
    return Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind)
            for name, kind in parameters.items()
        ],
        return_annotation=returned,
    )


def listed(resource: Resource, within: str | None = None) -> Signature:
    """Return the signature of a list; `within` is a filter that the path sets."""
    from aws_lambda_powertools.event_handler.openapi.params import Query
    from pydantic import create_model

    order: Any = Literal[
        tuple(f"{sign}{name}" for name in resource.all_sorts for sign in ("", "-"))
    ]
    parameters = [
        _query("limit", Annotated[int, Query(ge=1, le=200)], 50),
        _query(
            "cursor",
            Annotated[str | None, Query(description="The `next_cursor` of the previous page.")],
        ),
        _query("sort", Annotated[order, Query(description=_default_sort(resource))], SORT_DEFAULT),
        *(
            _query(each.name, _type(each) | None)
            for each in resource.filters
            if each.name != within
        ),
    ]
    if within is not None:
        parameters.insert(0, Parameter(within, Parameter.KEYWORD_ONLY, annotation=UUID))
    items: Any = GenericAlias(list, (resource.model,))
    page = create_model(
        f"{resource.model.__name__}Page",
        __doc__=f"A page of {label(resource.name)}.",
        items=(items, ...),
        next_cursor=(str | None, ...),
    )
    return Signature(parameters, return_annotation=page)


def read_one(resource: Resource) -> Signature:
    """Return the signature of a read: the id; the resource."""
    return Signature([_id(resource)], return_annotation=resource.model)


def created(resource: Resource) -> Signature:
    """Return the signature of a create: the new resource; the resource as stored."""
    return Signature(
        [_body(resource.create)], return_annotation=resource.shown_once or resource.model
    )


def changed(resource: Resource) -> Signature:
    """Return the signature of a change: the id and the patch; the changed resource."""
    return Signature([_id(resource), _body(resource.patch)], return_annotation=resource.model)


def removed(resource: Resource) -> Signature:
    """Return the signature of a removal: the id; no result."""
    return Signature([_id(resource)])


def _id(resource: Resource) -> Parameter:
    return Parameter(resource.id_name, Parameter.KEYWORD_ONLY, annotation=UUID)


def _body(model: object) -> Parameter:
    return Parameter("body", Parameter.KEYWORD_ONLY, annotation=model)


MOMENT = (
    "RFC 3339 date-time; a date without a time means midnight UTC. Encode the `+` of an offset as"
    " `%2B`; a space in its place is accepted too."
)


def _query(name: str, annotation: object, default: object = None) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _default_sort(resource: Resource) -> str | None:
    narrowing = [each.name for each in resource.filters if each.operator in ("after", "before")]
    if not narrowing:
        return None
    return f"Default with {' or '.join(narrowing)}: by that time, latest first."


def _type(filter_: Filter) -> Any:
    from datetime import datetime

    from pydantic import Field

    if filter_.choices:
        return Literal[filter_.choices]
    types: dict[str, Any] = {
        "text": Annotated[str, Field(max_length=TEXT_MAX)],
        "id": UUID,
        "number": float,
        "integer": Annotated[int, Field(gt=-(10**DIGITS_MAX), lt=10**DIGITS_MAX)],
        "moment": Annotated[datetime, Field(description=MOMENT)],
        "flag": bool,
    }
    return types[filter_.type]
