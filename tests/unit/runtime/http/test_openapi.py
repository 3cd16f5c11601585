"""The committed OpenAPI document is what the code makes, and is valid OpenAPI 3.1."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from referencing.exceptions import Unresolvable

from groundwork_command.commands.openapi import document, packaged_file
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.openapi import Clash, Undescribed
from groundwork_runtime.http.openapi import document as united
from groundwork_runtime.http.router import IN_PERSON, Router

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
METHODS = {"get", "head", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(packaged_file().read_text(encoding="utf-8"))
    return whole


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_the_committed_document_is_up_to_date() -> None:
    committed = packaged_file().read_text(encoding="utf-8")
    assert document(TEMPLATE) == committed, "run: groundwork openapi --write"


def test_the_document_contains_every_http_function(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1")
    for path in ("/api/v1/entities", "/api/v1/auth/login", "/graphql", "/.well-known/jwks.json"):
        assert path in spec["paths"]


def test_the_document_contains_every_operation(spec: dict[str, Any]) -> None:
    for one in router.operations:
        path = one.path.replace("<", "{").replace(">", "}")
        assert one.method.lower() in spec["paths"][path]


def test_the_document_is_valid_openapi(spec: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(spec).validate()


def test_an_invalid_document_is_detected(spec: dict[str, Any]) -> None:
    def unnamed(it: dict[str, Any]) -> None:
        it["paths"]["/api/v1/me"]["get"]["responses"]["200"].pop("description")

    def unresolved(it: dict[str, Any]) -> None:
        it["components"]["schemas"].pop("Problem")

    def named_twice(it: dict[str, Any]) -> None:
        it["paths"]["/api/v1/me"]["get"]["operationId"] = "listEntities"

    for break_it in (unnamed, unresolved, named_twice):
        broken = json.loads(json.dumps(spec))
        break_it(broken)
        # A dangling reference raises another error than the rest.
        with pytest.raises((OpenAPIValidationError, Unresolvable)):
            OpenAPIV31SpecValidator(broken).validate()


def test_every_body_has_a_schema_and_an_example_that_it_takes(spec: dict[str, Any]) -> None:
    for path, method, operation in operations(spec):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for media_type in body.get("content", {}).values():
                place = f"{method} {path}"
                assert media_type["schema"], place
                schema = {**media_type["schema"], "components": spec["components"]}
                check = Draft202012Validator(schema, format_checker=FormatChecker())
                assert list(check.iter_errors(media_type["example"])) == [], place


def test_every_response_has_a_request_id_and_409_429_and_503_have_retry_after(
    spec: dict[str, Any],
) -> None:
    problems = spec["components"]["responses"]
    for path, method, operation in operations(spec):
        for status, answer in operation["responses"].items():
            whole = problems[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            assert "X-Request-Id" in whole["headers"], (method, path, status)
            assert ("Retry-After" in whole["headers"]) == (status in {"409", "429", "503"})


def test_every_schema_is_json_schema(spec: dict[str, Any]) -> None:
    for schema in spec["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


KEYWORDS = frozenset(
    {
        "$ref", "title", "description", "type", "format", "enum", "const", "default",
        "examples", "deprecated", "readOnly", "writeOnly", "anyOf", "oneOf", "allOf", "not",
        "discriminator", "properties", "required", "additionalProperties", "propertyNames",
        "minProperties", "maxProperties", "items", "prefixItems", "minItems", "maxItems",
        "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum"
    }
)  # fmt: skip
"""The keywords of JSON Schema and OpenAPI that schemas here use. Readers ignore any other."""


def unknown_keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    yield from schema.keys() - KEYWORDS
    inner = [schema[name] for name in ("items", "additionalProperties", "not") if name in schema]
    inner += [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name, ())]
    for one in (*inner, *schema.get("properties", {}).values()):
        yield from unknown_keywords(one)


def test_schemas_have_no_keyword_that_readers_ignore(spec: dict[str, Any]) -> None:
    schemas = dict(spec["components"]["schemas"])
    for path, method, operation in operations(spec):
        for one in operation.get("parameters", ()):
            schemas[f"{method} {path} {one.get('name')}"] = one.get("schema", {})
    found = {name: sorted(unknown_keywords(schema)) for name, schema in schemas.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_a_keyword_that_readers_ignore_is_found() -> None:
    limited: dict[str, Any] = {"anyOf": [{"type": "integer", "ge": 1}, {"type": "null"}]}
    assert list(unknown_keywords({"properties": {"max": limited}})) == ["ge"]


def test_operation_ids_are_unique_and_stable(spec: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(spec)]
    assert len(names) == len(set(names))
    assert {"listEntities", "createEntity", "readEntity", "changeEntity", "removeEntity"} < set(
        names
    )


def test_every_operation_states_its_permission_and_its_responses(spec: dict[str, Any]) -> None:
    assert set(spec["components"]["securitySchemes"]) == {"bearer", "apiKey"}
    for path, method, operation in operations(spec):
        assert method in METHODS
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), path
        assert {"422", "429", "500", "503"} <= set(answers), path
        if operation.get("security") == []:
            assert operation["x-groundwork-open"]
        else:
            in_person = operation["x-groundwork-needs"] == IN_PERSON
            either: list[Any] = [{"bearer": []}] if in_person else [{"bearer": []}, {"apiKey": []}]
            assert operation["security"] == either
            assert operation["x-groundwork-needs"]
            assert "401" in answers
        declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_changes_require_if_match(spec: dict[str, Any]) -> None:
    for method in ("patch", "delete"):
        operation = spec["paths"]["/api/v1/entities/{entity_id}"][method]
        (header,) = [one for one in operation["parameters"] if one["in"] == "header"]
        assert (header["name"], header["required"]) == ("If-Match", True)
        assert {"412", "428"} <= set(operation["responses"])


def test_every_get_has_a_head_without_a_body(spec: dict[str, Any]) -> None:
    responses = spec["components"]["responses"]
    for path, item in spec["paths"].items():
        assert ("head" in item) == ("get" in item), path
        if "head" not in item:
            continue
        head, get = item["head"], item["get"]
        assert head.get("parameters") == get.get("parameters")
        assert set(head["responses"]) == set(get["responses"])
        for answer in head["responses"].values():
            whole = responses[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            assert "content" not in whole, path


def test_two_functions_cannot_define_one_path_differently() -> None:
    first, second = Router(), Router()

    @first.get("/a", open="a test", operation_id="one", result="One.")
    def one() -> None:
        """One."""

    @second.get("/a", open="a test", operation_id="two", result="Two.")
    def two() -> None:
        """Two."""

    with pytest.raises(Clash):
        united([first, second])


def test_an_operation_without_a_result_description_is_refused() -> None:
    router = Router()

    @router.get("/a", open="a test")
    def one() -> int:
        """One."""
        return 1

    with pytest.raises(Undescribed, match=r"GET /a: say what it returns"):
        united([router])


def test_summaries_are_one_sentence_without_a_full_stop(spec: dict[str, Any]) -> None:
    for path, method, operation in operations(spec):
        summary = operation["summary"]
        assert summary[0].isupper(), (method, path)
        assert ". " not in summary, (method, path)
        assert not summary.endswith("."), (method, path)
