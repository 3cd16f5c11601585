"""Hostile queries are refused at once with a clean error, before either store is queried."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from .conftest import Api

NOBODY = "00000000-0000-7000-8000-000000000000"
PAGE = "{ edges { cursor } }"
CODES = {
    "ALIAS_LIMIT",
    "BAD_USER_INPUT",
    "COST_LIMIT",
    "DEPTH_LIMIT",
    "FIELD_LIMIT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "INTROSPECTION_LIMIT",
}
LONGEST_REFUSAL_BYTES = 30_000


def nested(levels: int) -> str:
    return (
        "{ entities(first: 1) "
        + "{ edges { node { neighbours(first: 1) " * levels
        + (PAGE + " } } }" * levels + " }")
    )


def chained(fragments: int) -> str:
    chain = (f"fragment F{i} on Query {{ ...F{i + 1} }} " for i in range(fragments))
    return "{ ...F0 } " + "".join(chain) + f"fragment F{fragments} on Query {{ __typename }}"


def doubled(fragments: int) -> str:
    bomb = (
        f"fragment F{i} on Query {{ a{i}: __typename ...F{i + 1} ...F{i + 1} }} "
        for i in range(fragments)
    )
    return "{ ...F0 } " + "".join(bomb) + f"fragment F{fragments} on Query {{ __typename }}"


def within_entity(fields: str) -> str:
    return f'{{ entity(id: "{NOBODY}") {{ {fields} }} }}'


ALIASES = "{" + " ".join(f"a{i}: __typename" for i in range(1_000)) + "}"
INTROSPECTIONS = "{" + " ".join(f"a{i}: __schema {{ types {{ name }} }}" for i in range(10)) + "}"
COST = within_entity("neighbours(first: 200) { edges { node { neighbours(first: 200) %s } } }")
FLOATS = "query ($n: Int) { entities(first: $n) { edges { node { neighbours(first: $n) %s } } } }"

ATTACKS: Mapping[str, tuple[str, str]] = {
    "17 pages in pages": (nested(17), "DEPTH_LIMIT"),
    "depth 50": ("{ a" * 50 + " }" * 50, "DEPTH_LIMIT"),
    "deep brackets": ("{a" * 1_900, "DEPTH_LIMIT"),
    "inline fragments": ("{" + "... {" * 900 + "__typename" + "}" * 901, "DEPTH_LIMIT"),
    "lists in lists": (f"{{ entities(after: {'[' * 900}{']' * 900}) {PAGE} }}", "DEPTH_LIMIT"),
    "objects in objects": (
        f"{{ entities(filter: {'{q: ' * 900}1{'}' * 900}) {PAGE} }}",
        "DEPTH_LIMIT",
    ),
    "types of types": (f"query ($a: {'[' * 600}Int{']' * 600}) {{ __typename }}", "DEPTH_LIMIT"),
    "1,000 aliases": (ALIASES, "ALIAS_LIMIT"),
    "1,000 fields": (within_entity("name " * 1_000), "FIELD_LIMIT"),
    "990 times one field": (within_entity("name " * 990), "GRAPHQL_VALIDATION_FAILED"),
    "fields at the root": ("{" + "__typename " * 21 + "}", "FIELD_LIMIT"),
    "tokens": ("{" + "a " * 5_000 + "}", "GRAPHQL_PARSE_FAILED"),
    "2,000 directives": ("{ __typename " + "@x" * 1_990 + "}", "GRAPHQL_VALIDATION_FAILED"),
    "directives again": (
        "{ __typename " + "@skip(if: false)" * 500 + "}",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "1,000 variables": (
        "query (" + "$a: Int " * 990 + ") { __typename }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "fragment cycle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "BAD_USER_INPUT",
    ),
    "fragments in fragments": (chained(300), "DEPTH_LIMIT"),
    "fragment bomb": (doubled(25), "ALIAS_LIMIT"),
    "a long name": ("{" + "e" * 20_000 + "}", "GRAPHQL_VALIDATION_FAILED"),
    "huge page": (f"{{ entities(first: 1000000) {PAGE} }}", "BAD_USER_INPUT"),
    "no page": (f"{{ entities(first: 0) {PAGE} }}", "BAD_USER_INPUT"),
    "page beyond 32 bits": (
        f"{{ entities(first: {'9' * 40}) {PAGE} }}",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "less than no page": (f"{{ entities(first: -50) {PAGE} }}", "BAD_USER_INPUT"),
    "cost": (COST % PAGE, "COST_LIMIT"),
    "introspection flood": (INTROSPECTIONS, "INTROSPECTION_LIMIT"),
    "introspection in depth": (
        "{ __schema { types { " + "ofType { " * 30 + "name" + " }" * 33,
        "DEPTH_LIMIT",
    ),
    "introspection in circles": (
        "{ __schema { types {" + " fields { type {" * 8 + " name" + " } }" * 8 + " } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "mutation": ("mutation { x }", "BAD_USER_INPUT"),
    "subscription": ("subscription { entities { cursor } }", "BAD_USER_INPUT"),
    "operations without a name": ("{ __typename } { __typename }", "BAD_USER_INPUT"),
    "600 operations": (
        " ".join(f"query A{i} {{ __typename }}" for i in range(600)),
        "BAD_USER_INPUT",
    ),
    "unknown field": ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    "bad cursor": (f'{{ entities(after: "AAAA") {PAGE} }}', "BAD_USER_INPUT"),
    "injected id": ('{ entity(id: "x\' OR 1=1 //") { name } }', "BAD_USER_INPUT"),
    "NUL": (f'{{ entities(filter: {{q: "a\\u0000"}}) {PAGE} }}', "BAD_USER_INPUT"),
    "half a character": (
        f'{{ entities(filter: {{q: "\\ud800"}}) {PAGE} }}',
        "GRAPHQL_PARSE_FAILED",
    ),
}


def refused(api: Api, body: object) -> set[str]:
    """Send it; return the codes of its refusal, which is short, clean and cost no store a thing."""
    before = api.asked
    answer = api.post(body)
    text = str(answer.body)
    assert answer.status in {200, 400}, text[:1_000]
    assert len(text) < LONGEST_REFUSAL_BYTES
    assert "Traceback" not in text
    answered = json.loads(text)
    assert not answered.get("data") or not any(answered["data"].values()), text[:1_000]
    assert api.asked == before
    codes = {error["extensions"]["code"] for error in answered["errors"]}
    assert codes <= CODES
    return codes


def test_every_attack_gets_a_clean_error(api: Api) -> None:
    for name, (query, code) in ATTACKS.items():
        assert refused(api, {"query": query}) == {code}, name


MANY = [f"{i:08}-0000-7000-8000-000000000000" for i in range(5_000)]
TYPES = f'query ($v: [String!]) {{ subgraph(seeds: ["{NOBODY}"], types: $v) {{ truncated }} }}'
SEEDS = "query ($v: [ID!]!) { subgraph(seeds: $v) { truncated } }"
FILTER = f"query ($v: EntityFilter) {{ entities(filter: $v) {PAGE} }}"
CURSOR = f"query ($v: String) {{ entities(after: $v) {PAGE} }}"
NUMBER = f"query ($v: Int) {{ entities(first: $v) {PAGE} }}"
deep: Any = "A"
for _ in range(150):
    deep = [deep]

VARIABLES: Mapping[str, tuple[str, object]] = {
    "an id of 100 KB": ("query ($v: ID!) { entity(id: $v) { name } }", "a" * 100_000),
    "an id of 4,000 digits": ("query ($v: ID!) { entity(id: $v) { name } }", 10**4_000),
    "a cursor of 100 KB": (CURSOR, "A" * 100_000),
    "a search of 100 KB": (FILTER, {"q": "a" * 100_000}),
    "a key of 100 KB": (FILTER, {"key": "a" * 100_000}),
    "a filter with 10,000 members": (FILTER, {f"typ{i}": 1 for i in range(10_000)}),
    "50,000 types": (TYPES, ["A"] * 50_000),
    "80,000 types that are none": (TYPES, [1] * 80_000),
    "5,000 seeds": (SEEDS, MANY),
    "lists in lists": (SEEDS, deep),
    "a list for an object": (FILTER, deep),
    "a page of 4,000 digits": (NUMBER, 10**4_000),
    "a page of 1e308": (NUMBER, 1e308),
    "a page that is none": (NUMBER, "50"),
}


def test_huge_variables_get_a_clean_error(api: Api) -> None:
    for name, (query, value) in VARIABLES.items():
        sent = {"query": query, "variables": {"v": value}}
        assert refused(api, sent) == {"BAD_USER_INPUT"}, name


def test_a_list_argument_written_as_a_float_costs_as_much(api: Api) -> None:
    assert refused(api, {"query": FLOATS % PAGE, "variables": {"n": 200.0}}) == {"COST_LIMIT"}


LIMITS = "groundwork_runtime.graphql.query_limits."
RAISED: Mapping[str, tuple[str, ...]] = {
    "17 pages in pages": (LIMITS + "MAX_DEPTH",),
    "1,000 aliases": (
        *(LIMITS + "MAX_ALIASES", LIMITS + "MAX_ROOT_FIELDS"),
        "groundwork_runtime.graphql.documents.MAX_TOKENS",
    ),
    "fields at the root": (LIMITS + "MAX_ROOT_FIELDS",),
    "cost": (LIMITS + "MAX_COST",),
    "introspection flood": (LIMITS + "MAX_INTROSPECTIONS",),
    "huge page": ("groundwork_runtime.graphql.arguments.MAX_FIRST",),
}


def test_each_attack_runs_if_the_limit_that_stops_it_is_raised(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limits in RAISED.items():
        with monkeypatch.context() as patched:
            for limit in limits:
                patched.setattr(limit, 10_000_000)
            assert api.data(ATTACKS[name][0]), name


def test_without_the_limit_of_nested_fragments_the_server_fails(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMITS + "MAX_FRAGMENTS_DEEP", 10_000)
    with pytest.raises(RecursionError):
        api.post({"query": chained(480)})


BODIES: tuple[tuple[object, int], ...] = (
    ([{"query": "{ __typename }"}], 400),
    ([{"query": "{ __typename }"}] * 1_000, 400),
    ({"query": 5}, 400),
    ({"query": "{ __typename }", "variables": []}, 400),
    ({"query": "{ __typename }", "operationName": {}}, 400),
    ({}, 400),
    ({"query": None}, 400),
    ({"query": "#" * 1_000_000}, 413),
    ({"query": "{ __typename }", "variables": {"x": "y" * 300_000}}, 413),
)


def test_a_graphql_request_of_another_shape_is_refused(api: Api) -> None:
    for body, status in BODIES:
        answer = api.post(body)
        assert answer.status == status
        assert json.loads(answer.body or "")["errors"][0]["extensions"]["code"]


def test_with_a_larger_body_limit_a_body_of_one_megabyte_is_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr("groundwork_runtime.graphql.executor.MAX_BODY_BYTES", 2_000_000)
    assert api.data("{ __typename } #" + "x" * 1_000_000)


def test_the_standard_introspection_query_is_within_the_limits(api: Api) -> None:
    from graphql import get_introspection_query  # noqa: PLC0415 - this test alone

    assert api.data(get_introspection_query(input_value_deprecation=True))["__schema"]["types"]
