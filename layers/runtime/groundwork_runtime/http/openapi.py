"""The OpenAPI 3.1 document, from the code of every HTTP function.

Powertools makes it from the handlers' signatures; here each operation gets what a signature
cannot say: who may call it, every status it may answer, and the headers that go with them.
Made when it is built, not when it is served: functions do not import one another.
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
MERGE_PATCH = (
    "A JSON merge patch (RFC 7396); it may be sent as `application/merge-patch+json` as well."
)
PROBLEMS = "#/components/responses/"
EVERYWHERE = (405, 429, 500, 503)
KIND_OF = {kind.status: kind for kind in DOCUMENTED}


class Clash(Exception):
    """Two functions mean different things by one path or schema name."""


def document(routers: Iterable[Router | LazyRouters]) -> str:
    """Write one document of all operations. The same routers always give the same text.

    Raises:
        Clash: two functions serve the same operation, or name different schemas alike.
    """
    paths: dict[str, Json] = {}
    schemas: Json = {}
    for router in routers:
        made = _made(router)
        for path, item in made["paths"].items():
            _unite(paths.setdefault(path, {}), item, path)
        _unite(schemas, made["components"].get("schemas", {}), "schema")
    for name in UNUSED:
        schemas.pop(name, None)
    for name, schema in schemas.items():
        _tidy(schema, name)
    schemas = {**COMPONENTS["schemas"], **schemas}
    for item in paths.values():
        for told in item.values():
            _exemplify(told, schemas)
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


def _made(router: Router | LazyRouters) -> Json:
    resolver = APIGatewayRestResolver()
    current = RequestContext(_nothing)
    for operation in router.operations:
        words = operation.documented
        text = (operation.handler.__doc__ or "").strip()
        resolver.route(
            operation.path,
            operation.method,
            summary=words.get("summary") or text.partition("\n")[0],
            tags=[words["tag"]] if "tag" in words else None,
            operation_id=words.get("operation_id") or operation_id(operation),
            status_code=operation.status,
        )(Endpoint(operation, current))
    made: Json = json.loads(
        resolver.get_openapi_json_schema(title="", version="1", openapi_version="3.1.0")
    )
    for operation in router.operations:
        path = operation.path.replace("<", "{").replace(">", "}")
        _complete(made["paths"][path][operation.method.lower()], operation)
    return made


def operation_id(operation: Operation) -> str:
    """Name an operation after its handler, as clients' generators like it."""
    first, *rest = operation.handler.__name__.split("_")
    return first + "".join(word.title() for word in rest)


def _complete(told: Json, operation: Operation) -> None:
    words = operation.documented
    if operation.needs is None:
        told["security"] = []
        told["x-groundwork-open"] = operation.open
    else:
        told["security"] = LOGGED_IN if operation.needs == IN_PERSON else KNOWN
        told["x-groundwork-needs"] = operation.needs
        told["description"] = _who(operation.needs)
    for parameter in told.get("parameters", []):
        parameter["schema"] = _not_null(parameter["schema"])
    parameters = [*conditional_parameters(words.get("conditional")), *words.get("takes", ())]
    if operation.repeatable:
        parameters.append(IDEMPOTENCY_KEY)
    if parameters:
        told["parameters"] = [*told.get("parameters", []), *parameters]
    if "body" in words:
        told["requestBody"] = {"required": True, "content": dict(words["body"])}
    if operation.method == "PATCH" and "requestBody" in told:
        # Told in words: of a second media type, generators make a second body, or code that fails.
        told["requestBody"]["description"] = MERGE_PATCH
    told["responses"] = _answers(told, operation)


def _answers(told: Json, operation: Operation) -> Json:
    words = operation.documented
    good = told["responses"].get(str(operation.status)) or {"content": {}}
    good["description"] = _GOOD.get(operation.status, "Done.")
    if "returns" in words:
        good["content"] = dict(words["returns"])
    if operation.status == 204 or not good.get("content"):  # noqa: PLR2004 - no content
        good.pop("content", None)
    good["headers"] = headers_of(*_good_headers(operation), *_limits(operation))
    answers = {str(operation.status): good}
    if words.get("conditional") == "read":
        headers = headers_of("ETag", *_limits(operation))
        answers["304"] = {"description": "The client has it already.", "headers": headers}
    for status in sorted(_problems(told, operation)):
        slug = KIND_OF[status].slug
        answers[str(status)] = {"$ref": f"{PROBLEMS}{slug}"}
        if status in words.get("also", {}):
            problem = COMPONENTS["responses"][slug]
            content = {**problem["content"], **words["also"][status]}
            answers[str(status)] = {**problem, "content": content}
    return answers


def _good_headers(operation: Operation) -> Iterator[str]:
    words, status = operation.documented, operation.status
    if (words.get("conditional") or status == 201) and status != 204:  # noqa: PLR2004 - created; no content
        yield "ETag"
    if status == 201:  # noqa: PLR2004 - created
        yield "Location"
    if "writes" in words:
        yield "X-Groundwork-Position"
    if operation.repeatable:
        yield "Idempotent-Replayed"


def _limits(operation: Operation) -> tuple[str, ...]:
    return () if operation.needs is None else LIMITS


def _problems(told: Json, operation: Operation) -> set[int]:
    statuses = {*EVERYWHERE, *operation.documented.get("problems", ())}
    if operation.needs is not None:
        statuses.add(401)
        if operation.needs != SIGNED_IN:
            statuses.add(403)
    if operation.repeatable:
        statuses.add(409)  # in flight, if nothing else
    statuses.add(422)  # an unknown parameter, if nothing else
    if "{" in operation.path.replace("<", "{"):
        statuses.add(404)
    if "requestBody" in told or operation.method in ("POST", "PATCH"):
        statuses |= {400, 413, 415}
    if operation.documented.get("conditional") == "write":
        statuses |= {412, 428}
    return statuses


def _head(get: Json) -> Json:
    """Describe the HEAD of a GET: the same parameters and headers, and no body."""
    answers: Json = {}
    for status, answer in get["responses"].items():
        slug = str(answer.get("$ref", "")).removeprefix(PROBLEMS)
        shown = {name: value for name, value in answer.items() if name != "content"}
        answers[status] = {"$ref": f"{PROBLEMS}{without_body(slug)}"} if slug else shown
    name = str(get["operationId"])
    words = {
        "summary": f"{get['summary'].rstrip('.')}: the headers alone.",
        "operationId": f"head{name[:1].upper()}{name[1:]}",
        "responses": answers,
    }
    return {**get, **words}


_GOOD = {
    200: "It is as told.",
    201: "Created.",
    202: "Taken on; it happens soon.",
    204: "Done; nothing to tell.",
}


def _who(needs: str) -> str:
    if needs == IN_PERSON:
        return "For any caller who has logged in; not for API keys."
    if needs == SIGNED_IN:
        return "For any caller."
    permissions = [f"`{one}`" for one in permissions_of(needs)]
    return f"Needs the permission{'s' * (len(permissions) > 1)} {' and '.join(permissions)}."


def _not_null(schema: Json) -> Json:
    """A query parameter is there or not; it is never null."""
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1 and len(schema["anyOf"]) > 1:
        kept = {name: value for name, value in schema.items() if name != "anyOf"}
        return {**kinds[0], **kept}
    return schema


def _tidy(schema: Json, name: str) -> None:
    """A patch has no defaults: what it leaves out stays. An object as a default goes into words."""
    for told in schema.get("properties", {}).values():
        if name.endswith("Patch"):
            told.pop("default", None)
        elif isinstance(told.get("default"), dict):
            # Generators have no way to write one: they drop the schema, and the operation with it.
            value = told.pop("default")
            words = [told.get("description"), f"Without it: `{json.dumps(value)}`."]
            told["description"] = " ".join(filter(None, words))
            told["examples"] = [value]


def _exemplify(told: Json, schemas: Json) -> None:
    """Give every body, coming and going, an example."""
    bodies = [told.get("requestBody", {}), *told["responses"].values()]
    for media_type in (one for body in bodies for one in body.get("content", {}).values()):
        if "example" not in media_type and "examples" not in media_type:
            media_type["example"] = example_of(media_type["schema"], schemas)


def _unite(whole: Json, part: Mapping[str, Any], what: str) -> None:
    for name, value in part.items():
        if whole.setdefault(name, value) != value:
            message = f"{what}: {name} is there twice, and not the same"
            raise Clash(message)


def _nothing() -> Any:
    message = "documentation calls nothing"
    raise RuntimeError(message)
