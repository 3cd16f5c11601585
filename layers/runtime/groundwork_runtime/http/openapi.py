"""Generate the OpenAPI 3.1 document from the code of every HTTP function.

Powertools derives it from the handlers' signatures. This module adds to each operation what a
signature cannot express: the required permission, every possible status, and the headers. The
document is generated at build time, because functions do not import one another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from groundwork_runtime.http.endpoint import Endpoint
from groundwork_runtime.http.openapi_examples import example_of
from groundwork_runtime.http.openapi_parts import (
    COMPONENTS,
    IDEMPOTENCY_KEY,
    INFO,
    KNOWN,
    LOGGED_IN,
    conditional_parameters,
    headers_of,
    without_body,
)
from groundwork_runtime.http.problem import DOCUMENTED
from groundwork_runtime.http.rate_limit_headers import NAMES as LIMITS
from groundwork_runtime.http.request_context import RequestContext
from groundwork_runtime.http.router import IN_PERSON, SIGNED_IN, permissions_of

if TYPE_CHECKING:
    from groundwork_runtime.http.router import LazyRouters, Operation, Router

Json = dict[str, Any]
UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
MERGE_PATCH = "A JSON merge patch (RFC 7396); `application/merge-patch+json` is accepted too."
PROBLEMS = "#/components/responses/"
EVERYWHERE = (405, 429, 500, 503)
KIND_OF = {kind.status: kind for kind in DOCUMENTED}


class Undescribed(Exception):
    """An operation does not say what it returns."""


class Clash(Exception):
    """Two functions define the same path or schema name differently."""


def document(routers: Iterable[Router | LazyRouters]) -> str:
    """Return one document of all operations; the same routers always produce the same text.

    Raises:
        Clash: two functions serve the same operation, or use one name for different schemas.
    """
    paths: dict[str, Json] = {}
    schemas: Json = {}
    for router in routers:
        generated = _generate(router)
        for path, item in generated["paths"].items():
            _merge(paths.setdefault(path, {}), item, path)
        _merge(schemas, generated["components"].get("schemas", {}), "schema")
    for name in UNUSED:
        schemas.pop(name, None)
    for name, schema in schemas.items():
        _tidy(schema, name)
    schemas = {**COMPONENTS["schemas"], **schemas}
    for item in paths.values():
        for operation in item.values():
            _add_examples(operation, schemas)
    for path, item in paths.items():
        if "get" in item:
            paths[path] = {**item, "head": _head(item["get"])}
    whole = {
        "openapi": "3.1.0",
        **INFO,
        "security": KNOWN,
        "paths": dict(sorted(paths.items())),
        "components": {**COMPONENTS, "schemas": schemas},
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _generate(router: Router | LazyRouters) -> Json:
    resolver = APIGatewayRestResolver()
    context = RequestContext(_no_wiring)
    for operation in router.operations:
        docs = operation.docs
        first_line, _, _ = (operation.handler.__doc__ or "").strip().partition("\n")
        resolver.route(
            operation.path,
            operation.method,
            summary=docs.get("summary") or first_line.rstrip("."),
            tags=[docs["tag"]] if "tag" in docs else None,
            operation_id=docs.get("operation_id") or operation_id(operation),
            status_code=operation.status,
        )(Endpoint(operation, context))
    generated: Json = json.loads(
        resolver.get_openapi_json_schema(title="", version="1", openapi_version="3.1.0")
    )
    for operation in router.operations:
        path = operation.path.replace("<", "{").replace(">", "}")
        _complete(generated["paths"][path][operation.method.lower()], operation)
    return generated


def operation_id(operation: Operation) -> str:
    """Return the camel-case name of the handler, as client generators expect."""
    first, *rest = operation.handler.__name__.split("_")
    return first + "".join(word.title() for word in rest)


def _complete(described: Json, operation: Operation) -> None:
    """Add to Powertools' description of an operation what the signature does not express."""
    docs = operation.docs
    _, _, rest = (operation.handler.__doc__ or "").strip().partition("\n")
    details = "" if "summary" in docs else " ".join(rest.split())
    access = "No authentication is required." if operation.needs is None else _who(operation.needs)
    described["description"] = f"{details} {access}".strip()
    if operation.needs is None:
        described["security"] = []
        described["x-groundwork-open"] = operation.open
    else:
        described["security"] = LOGGED_IN if operation.needs == IN_PERSON else KNOWN
        described["x-groundwork-needs"] = operation.needs
    for parameter in described.get("parameters", []):
        parameter["schema"] = _not_null(parameter["schema"])
    parameters = [*conditional_parameters(docs.get("conditional")), *docs.get("parameters", ())]
    if operation.repeatable:
        parameters.append(IDEMPOTENCY_KEY)
    if parameters:
        described["parameters"] = [*described.get("parameters", []), *parameters]
    if "body" in docs:
        described["requestBody"] = {"required": True, "content": dict(docs["body"])}
    if operation.method == "PATCH" and "requestBody" in described:
        # Described in prose: client generators turn a second media type into a second body
        # parameter, or into code that fails.
        described["requestBody"]["description"] = MERGE_PATCH
    described["responses"] = _responses(described, operation)


def _responses(described: Json, operation: Operation) -> Json:
    docs = operation.docs
    success = described["responses"].get(str(operation.status)) or {"content": {}}
    success["description"] = success_description(operation)
    if "returns" in docs:
        success["content"] = dict(docs["returns"])
    if operation.status == 204 or not success.get("content"):  # noqa: PLR2004 - no content
        success.pop("content", None)
    success["headers"] = headers_of(*_success_headers(operation), *_limits(operation))
    responses = {str(operation.status): success}
    for status, description in docs.get("other_results", {}).items():
        responses[str(status)] = {**success, "description": description}
        if status // 100 == 3:  # noqa: PLR2004 - a redirect has no content
            responses[str(status)].pop("content", None)
    if "empty" in docs:
        responses["204"] = {
            "description": "Nothing is waiting. The response has no body.",
            "headers": headers_of(*_limits(operation)),
        }
    if docs.get("conditional") == "read":
        headers = headers_of("ETag", *_limits(operation))
        responses["304"] = {"description": NOT_MODIFIED, "headers": headers}
    for status in sorted(_problems(described, operation)):
        slug = KIND_OF[status].slug
        responses[str(status)] = {"$ref": f"{PROBLEMS}{slug}"}
        if status in docs.get("problem_content", {}):
            problem = COMPONENTS["responses"][slug]
            content = {**problem["content"], **docs["problem_content"][status]}
            responses[str(status)] = {**problem, "content": content}
    return responses


def success_description(operation: Operation) -> str:
    """Return what the response to a successful request contains.

    Raises:
        Undescribed: the operation returns a body and its documentation has no `result`.
    """
    if "result" in operation.docs:
        return operation.docs["result"]
    if operation.status == 204:  # noqa: PLR2004 - no content
        return "Done. The response has no body."
    message = f"{operation.method} {operation.path}: say what it returns with result='…'"
    raise Undescribed(message)


def _success_headers(operation: Operation) -> Iterator[str]:
    docs, status = operation.docs, operation.status
    if (docs.get("conditional") or status == 201) and status != 204:  # noqa: PLR2004 - created; no content
        yield "ETag"
    if status == 201:  # noqa: PLR2004 - created
        yield "Location"
    if "writes" in docs:
        yield "X-Groundwork-Position"
    if operation.repeatable:
        yield "Idempotent-Replayed"


def _limits(operation: Operation) -> tuple[str, ...]:
    return () if operation.needs is None else LIMITS


def _problems(described: Json, operation: Operation) -> set[int]:
    statuses = {*EVERYWHERE, *operation.docs.get("problems", ())}
    if operation.needs is not None:
        statuses.add(401)
        if operation.needs != SIGNED_IN:
            statuses.add(403)
    if operation.repeatable:
        statuses.add(409)  # the first request with the same key is still running
    statuses.add(422)  # every operation rejects unknown parameters
    if "{" in operation.path.replace("<", "{"):
        statuses.add(404)
    if "requestBody" in described or operation.method in ("POST", "PATCH"):
        statuses |= {400, 413, 415}
    if operation.docs.get("conditional") == "write":
        statuses |= {412, 428}
    return statuses


def _head(get: Json) -> Json:
    """Describe the HEAD request of a GET: same parameters and headers, without the body."""
    responses: Json = {}
    for status, response in get["responses"].items():
        slug = str(response.get("$ref", "")).removeprefix(PROBLEMS)
        shown = {name: value for name, value in response.items() if name != "content"}
        if status == "200":
            shown["description"] = HEAD_OK
        responses[status] = {"$ref": f"{PROBLEMS}{without_body(slug)}"} if slug else shown
    name = str(get["operationId"])
    changes = {
        "summary": f"{get['summary']} (headers only)",
        "operationId": f"head{name[:1].upper()}{name[1:]}",
        "responses": responses,
    }
    return {**get, **changes}


NOT_MODIFIED = "Not modified: the client's copy is current. The response has no body."
HEAD_OK = "The headers of the GET response, without its body."


def _who(needs: str) -> str:
    if needs == IN_PERSON:
        return "Requires an access token; API keys are not accepted."
    if needs == SIGNED_IN:
        return "Requires an access token or an API key, and no particular permission."
    permissions = [f"`{name}`" for name in permissions_of(needs)]
    return f"Requires the permission{'s' * (len(permissions) > 1)} {' and '.join(permissions)}."


def _not_null(schema: Json) -> Json:
    """Return the schema of an optional query parameter without null, which no query can have."""
    variants = [variant for variant in schema.get("anyOf", []) if variant != {"type": "null"}]
    if len(variants) == 1 and len(schema["anyOf"]) > 1:
        kept = {name: value for name, value in schema.items() if name != "anyOf"}
        return {**variants[0], **kept}
    return schema


def _tidy(schema: Json, name: str) -> None:
    """Remove the defaults of patches; move a default that is an object into the description.

    A field that a patch omits keeps its value. Client generators cannot express an object as a
    default: they drop the schema, and the operation with it.
    """
    for field in schema.get("properties", {}).values():
        if name.endswith("Patch"):
            field.pop("default", None)
        elif isinstance(field.get("default"), dict):
            value = field.pop("default")
            sentences = [field.get("description"), f"Default: `{json.dumps(value)}`."]
            field["description"] = " ".join(filter(None, sentences))
            field["examples"] = [value]


def _add_examples(operation: Json, schemas: Json) -> None:
    """Add an example to every request and response body that has none."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media_type in (one for body in bodies for one in body.get("content", {}).values()):
        if "example" not in media_type and "examples" not in media_type:
            media_type["example"] = example_of(media_type["schema"], schemas)


def _merge(target: Json, source: Mapping[str, Any], what: str) -> None:
    for name, value in source.items():
        if target.setdefault(name, value) != value:
            message = f"{what}: {name} is defined twice, differently"
            raise Clash(message)


def _no_wiring() -> Any:
    message = "generating the document must not call a handler"
    raise RuntimeError(message)
