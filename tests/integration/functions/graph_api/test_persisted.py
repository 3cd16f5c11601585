"""Persisted queries: by their hash, and as the only ones that are allowed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from groundwork_runtime.graphql import persisted
from groundwork_runtime.graphql.persisted import PersistedQueries, hash_of
from groundwork_runtime.settings import Settings

from .conftest import Api

QUERY = "{ entities(first: 1) { edges { node { name } } } }"
SCHEMA = "{ ...S } fragment S on Query { __schema { queryType { name } } }"


def asked(api: Api, query: str | None, hash_: object = None) -> Mapping[str, Any]:
    body: dict[str, object] = {} if query is None else {"query": query}
    if hash_ is not None:
        body["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": hash_}}
    answer: Mapping[str, Any] = json.loads(api.post(body).body or "")
    return answer


def code(answer: Mapping[str, Any]) -> str | None:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def setting(api: Api, **values: object) -> None:
    api.wiring.settings = api.wiring.settings.model_copy(update=values)


def test_a_query_sent_once_with_its_hash_can_then_be_sent_by_hash(
    api: Api, known: Mapping[str, str]
) -> None:
    hash_ = hash_of(QUERY)
    assert code(asked(api, None, hash_)) == "PERSISTED_QUERY_NOT_FOUND"
    assert asked(api, QUERY, hash_)["data"]["entities"]["edges"]
    assert asked(api, None, hash_)["data"]["entities"]["edges"]


@pytest.mark.parametrize("hash_", ["0" * 64, "x", "A" * 64, 5, {}, ["0"] * 64, ""])
def test_a_hash_of_another_query_is_refused(api: Api, hash_: object) -> None:
    assert code(asked(api, QUERY, hash_)) == "BAD_USER_INPUT"


def test_a_query_with_faults_is_not_remembered(api: Api) -> None:
    bad = "{ nothing }"
    assert code(asked(api, bad, hash_of(bad))) == "GRAPHQL_VALIDATION_FAILED"
    assert code(asked(api, None, hash_of(bad))) == "PERSISTED_QUERY_NOT_FOUND"


def test_the_number_of_learned_queries_is_limited() -> None:
    queries = PersistedQueries({})
    texts = [f"{{ a{i} }}" for i in range(persisted.CACHED_MAX + 5)]
    for text in [*texts, "#" * 20_000]:
        queries.learn(text, {"persistedQuery": {"sha256Hash": hash_of(text)}})
    assert len(queries._learned) == persisted.CACHED_MAX
    assert hash_of(texts[0]) not in queries._learned
    assert hash_of("#" * 20_000) not in queries._learned


def test_with_required_persisted_queries_only_bundled_ones_are_served(
    api: Api, known: Mapping[str, str], monkeypatch: Any
) -> None:
    hash_ = hash_of(QUERY)
    assert asked(api, QUERY, hash_)["data"]  # learned, and served without the setting
    before = api.statements
    setting(api, graphql_persisted_only=True)
    assert code(asked(api, QUERY)) == "PERSISTED_QUERY_REQUIRED"
    assert code(asked(api, QUERY, hash_)) == "PERSISTED_QUERY_REQUIRED"
    assert code(asked(api, None, hash_)) == "PERSISTED_QUERY_NOT_FOUND"
    assert api.statements == before
    monkeypatch.setattr(api._answering, "_persisted", PersistedQueries({hash_: QUERY}))
    assert asked(api, None, hash_)["data"]["entities"]["edges"]
    assert asked(api, QUERY)["data"]["entities"]["edges"]


def test_the_hashes_in_the_bundled_file_are_those_of_its_queries() -> None:
    assert all(hash_of(text) == hash_ for hash_, text in persisted.bundled().items())


def test_introspection_is_by_setting(api: Api) -> None:
    assert asked(api, SCHEMA)["data"]["__schema"]
    setting(api, graphql_introspection="off")
    assert code(asked(api, SCHEMA)) == "INTROSPECTION_OFF"
    assert asked(api, "{ __typename }")["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("stage", "said", "allowed"),
    [("local", "auto", True), ("prod", "auto", False), ("prod", "on", True), ("dev", "off", False)],
)
def test_introspection_is_off_in_production_unless_it_is_enabled(
    stage: str,
    said: str,
    allowed: bool,  # noqa: FBT001 - a table
) -> None:
    settings = Settings.from_environment({}).model_copy(
        update={"stage": stage, "graphql_introspection": said}
    )
    assert settings.graphql_introspection_allowed == allowed
