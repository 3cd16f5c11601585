"""Oversized bodies are refused by counting, and lists stop at their first bad item."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from groundwork_core.embeddings.resource import NewEmbedding
from groundwork_core.embeddings.search import Search
from groundwork_core.errors import Invalid
from groundwork_core.identity.api_keys import NewApiKey
from groundwork_core.knowledge.resources import NewEntity
from groundwork_core.publishing.distributions import NewDelivery
from groundwork_core.resources.resource import Input
from groundwork_core.sources.resource import NewSource, SourcePatch
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http import decoding
from groundwork_runtime.http.body_limits import CONTAINERS_MAX
from groundwork_runtime.http.decoding import decode, sizes_of
from groundwork_runtime.http.request import Request, strict_json


def faults(model: type[BaseModel], body: object) -> dict[str, str]:
    event = {"httpMethod": "POST", "path": "/", "body": json.dumps(body)}
    with pytest.raises(Invalid) as raised:
        decode(model, Request(event, "r"))
    return {fault.pointer: fault.detail for fault in raised.value.faults}


def every_input(of: type[Input] = Input) -> Iterator[type[Input]]:
    for one in of.__subclasses__():
        yield one
        yield from every_input(one)


@pytest.mark.parametrize(
    ("model", "body", "pointer", "says"),
    [
        (NewApiKey, {"scopes": [1] * 201}, "/scopes", "at most 200 items, not 201"),
        (NewEntity, {"aliases": [1] * 1_001}, "/aliases", "at most 1,000 items"),
        (NewSource, {"tags": [1] * 51}, "/tags", "at most 50 items"),
        (Search, {"vector": [True] * 4_001}, "/vector", "at most 4,000 items"),
        (NewSource, {"schedule": {str(n): 1 for n in range(21)}}, "/schedule", "20 members"),
        (NewDelivery, {"error": {str(n): 1 for n in range(21)}}, "/error", "20 members"),
    ],
)
def test_lengths_are_checked_before_any_item(
    model: type[BaseModel], body: object, pointer: str, says: str
) -> None:
    found = faults(model, body)
    assert set(found) == {pointer}
    assert says in found[pointer]


def test_any_json_may_have_any_number_of_members() -> None:
    body = {"name": "n", "type": "topic", "attributes": {str(n): n for n in range(1_000)}}
    event = {"httpMethod": "POST", "path": "/", "body": json.dumps(body)}
    assert len(decode(NewEntity, Request(event, "r")).attributes) == 1_000


def test_a_list_stops_at_its_first_bad_item() -> None:
    found = faults(NewEmbedding, {"vector": [1.0, True, "2", None]})
    assert [pointer for pointer in found if pointer.startswith("/vector")] == ["/vector/1"]


def test_a_few_unknown_fields_are_named_beside_other_faults() -> None:
    found = faults(NewApiKey, {"name": 1, "one": 1, "two": 2})
    assert set(found) == {"/name", "/scopes", "/one", "/two"}


def test_at_most_a_hundred_unknown_fields_are_named() -> None:
    found = faults(NewApiKey, {f"~/{n}": 1 for n in range(10_000)})
    assert len(found) == 100
    assert found["/~0~10"] == "is not a known field"


@pytest.mark.parametrize("model", list(every_input()), ids=lambda model: model.__name__)
def test_every_list_of_an_input_has_a_length_and_stops_at_its_first_bad_item(
    model: type[Input],
) -> None:
    if model.__name__.startswith("Stored") or model.__module__.startswith("tests"):
        return  # made by ourselves, or by a test
    model.model_rebuild()
    for name, schema in model.model_json_schema()["properties"].items():
        variants = [schema, *schema.get("anyOf", ())]
        if not any(one.get("type") == "array" for one in variants):
            continue
        assert sizes_of(model)[name].items is not None, name
        core = json.dumps(model.__pydantic_core_schema__["schema"], default=str)
        assert "'fail_fast': True" in core or '"fail_fast": true' in core, name


def test_every_input_includes_those_of_create_and_patch() -> None:
    assert router.operations
    assert {NewApiKey, NewEntity, SourcePatch} <= set(every_input())


def test_many_small_objects_and_arrays_are_refused() -> None:
    for one in ("{}", "[]", '{"a":[1]}'):
        many = ",".join([one] * CONTAINERS_MAX)
        with pytest.raises(Invalid, match="invalid"):
            strict_json(f'{{"items":[{many}]}}'.encode())


def test_text_that_looks_like_many_arrays_is_accepted() -> None:
    text = "[{" * CONTAINERS_MAX
    assert strict_json(json.dumps({"body": text}).encode()) == {"body": text}


def test_a_text_that_looks_like_a_huge_number_is_accepted() -> None:
    given: Any = {"a": "1e999", "b": "7" * 400, "c": 1e300, "d": int("9" * 400)}
    assert strict_json(json.dumps(given).encode()) == given


def test_the_body_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counting(body: bytes) -> object:
        asked.append(body)
        return json.loads(body)

    monkeypatch.setattr("groundwork_runtime.http.request.strict_json", counting)
    faults(NewApiKey, {"name": 1})
    assert len(asked) == 1


def test_without_the_limit_every_unknown_field_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(decoding, "size_faults", lambda _model, _given: iter(()))
    assert len(faults(NewApiKey, {f"{n}": 1 for n in range(10_000)})) > 10_000
