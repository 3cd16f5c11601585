"""Schemas of preferences."""

from functools import partial

from pydantic import JsonValue

from groundwork_core.caller import Caller
from groundwork_core.configuration.preference_schemas import (
    PreferenceSchemaShown,
    put_schema,
    read_schema,
    remove_schema,
)
from groundwork_runtime.http.etags import etag, unchanged
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resource_openapi import signature
from groundwork_runtime.http.resources import no_parameters
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, OperationDocs, Router
from groundwork_runtime.wiring import Wiring

PATH = "/api/v1/preference-schemas/<key>"
TYPES = ("application/json", "application/schema+json")
EXAMPLE = {"schema": {"type": "string", "enum": ["daily", "weekly"], "default": "weekly"}}
BODY = {
    "application/json": {
        "schema": {
            "type": ["object", "boolean"],
            "description": "A JSON Schema, draft 2020-12, of up to 64 KB: by itself, or alone in"
            " an object as its member `schema`.",
        },
        "example": EXAMPLE,
    }
}

router = Router()


def schema_in(body: JsonValue) -> JsonValue:
    """Return the schema in a body: its member `schema`, or the whole body."""
    return body["schema"] if isinstance(body, dict) and body.keys() == {"schema"} else body


def read(request: Request, _caller: Caller, wiring: Wiring, of: str) -> HttpResponse:
    """Read the schema that values of a key must match."""
    no_parameters(request)
    stored = read_schema(of, schemas=wiring.preference_schemas)
    headers = {"ETag": etag(stored.tag)}
    if unchanged(request.headers.get("if-none-match"), stored.tag):
        return HttpResponse(304, None, None, headers)
    return HttpResponse(200, stored.body, JSON, headers)


def put(request: Request, _caller: Caller, wiring: Wiring, of: str) -> HttpResponse:
    """Create or replace the schema of a key; stored values do not change."""
    no_parameters(request)
    done = put_schema(
        of,
        schema_in(request.json(types=TYPES)),
        work=wiring.work(),
        schemas=wiring.preference_schemas,
        checker=wiring.json_schemas,
    )
    headers = {"ETag": etag(done.stored.tag)}
    if done.position is not None:
        headers["X-Groundwork-Position"] = done.position
    return HttpResponse(201 if done.created else 200, done.stored.body, JSON, headers)


def remove(request: Request, _caller: Caller, wiring: Wiring, of: str) -> HttpResponse:
    """Delete the schema of a key, so that any value is valid again."""
    no_parameters(request)
    position = remove_schema(of, work=wiring.work(), schemas=wiring.preference_schemas)
    return HttpResponse(204, None, None, {"X-Groundwork-Position": position} if position else {})


def _docs(operation_id: str, **more: object) -> OperationDocs:
    docs: OperationDocs = {"operation_id": operation_id, "tag": "preferences", "problems": (404,)}
    docs.update(more)  # type: ignore[typeddict-item]  # the members are those of OperationDocs
    return docs


_signature = partial(signature, PreferenceSchemaShown, key=str)
router.add(
    Operation(
        "GET",
        PATH,
        read,
        200,
        "preferences:read",
        None,
        signature=_signature,
        docs=_docs("readPreferenceSchema", result="The schema of the key.", conditional="read"),
    )
)
router.add(
    Operation(
        "PUT",
        PATH,
        put,
        200,
        "configurations:write",
        None,
        signature=_signature,
        docs=_docs(
            "putPreferenceSchema",
            result="The stored schema, which replaced the previous one.",
            other_results={201: "The stored schema; the key had none before."},
            body=BODY,
        ),
    )
)
router.add(
    Operation(
        "DELETE",
        PATH,
        remove,
        204,
        "configurations:write",
        None,
        signature=partial(signature, None, key=str),
        docs=_docs("removePreferenceSchema"),
    )
)
