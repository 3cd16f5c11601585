"""The computed cost of a query."""

import pytest
from graphql import OperationDefinitionNode, parse

from groundwork_runtime.graphql.documents import operation_of
from groundwork_runtime.graphql.error_codes import QueryRejected
from groundwork_runtime.graphql.query_limits import Measure, measure


def measured(query: str, **variables: object) -> Measure:
    document = parse(query)
    operation = operation_of(document, None)
    assert isinstance(operation, OperationDefinitionNode)
    return measure(document, operation, variables)


def refusal(query: str, **variables: object) -> str:
    with pytest.raises(QueryRejected) as caught:
        measured(query, **variables)
    assert caught.value.extensions is not None
    return str(caught.value.extensions["code"])


PAGE = "{ edges { cursor } }"


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ('{ entity(id: "x") { name } }', {}, 1),
        (f"{{ entities {PAGE} }}", {}, 50),
        (f"{{ entities(first: 7) {PAGE} }}", {}, 7),
        (f"query ($n: Int) {{ entities(first: $n) {PAGE} }}", {"n": 9}, 9),
        (f"query ($n: Int = 8) {{ entities(first: $n) {PAGE} }}", {}, 8),
        (f"query ($n: Int) {{ entities(first: $n) {PAGE} }}", {"n": 200.0}, 200),
        (f"query ($n: Int) {{ entities(first: $n) {PAGE} }}", {"n": 1e308}, 200),
        (f"query ($n: Int) {{ entities(first: $n) {PAGE} }}", {"n": 10**400}, 200),
        (
            f"{{ entities(first: 3) {{ edges {{ node {{ neighbours(first: 4) {PAGE} }} }} }} }}",
            {},
            15,
        ),
        (f"{{ entities(first: 999999999999) {PAGE} }}", {}, 200),
        (f"{{ entities(first: -5) {PAGE} }}", {}, 0),
        ("{ subgraph(seeds: []) { nodes { id } relationships { id } } }", {}, 200),
        (
            "{ subgraph(seeds: [], maxNodes: 5) { nodes { neighbours(first: 2) {"
            " edges { cursor } } } } }",
            {},
            15,
        ),
        (  # of relationships, it may show four a node
            "{ subgraph(seeds: [], maxNodes: 5) { relationships { from { neighbours(first: 2) {"
            " edges { cursor } } } } } }",
            {},
            5 + 5 * 4 * 2,
        ),
        ('{ path(from: "a", to: "b") { relationships { id } } }', {}, 4),
        (f"{{ ...F }} fragment F on Query {{ entities(first: 5) {PAGE} }}", {}, 5),
        (f"{{ ... on Query {{ a: entities(first: 5) {PAGE} entities(first: 2) {PAGE} }} }}", {}, 7),
    ],
)
def test_the_cost_is_the_maximum_size_of_the_response(
    query: str, variables: dict[str, object], cost: int
) -> None:
    assert measured(query, **variables).cost == cost


def test_depth_counts_levels_of_fields_through_fragments() -> None:
    assert measured('{ entity(id: "x") { ...F } } fragment F on Entity { name }').depth == 2


def test_introspection_has_a_depth_of_its_own() -> None:
    deep = "{ __schema { types { " + "ofType { " * 18 + "name" + " }" * 18 + " } } }"
    assert refusal(deep) == "DEPTH_LIMIT"
    assert measured("{ __schema { types { fields { type { ofType { name } } } } } }").depth == 0


def test_deep_fields_are_refused() -> None:
    assert refusal("{ a" * 17 + " }" * 17) == "DEPTH_LIMIT"


def test_many_aliases_are_refused() -> None:
    assert refusal("{" + " ".join(f"a{i}: x" for i in range(31)) + "}") in {"ALIAS_LIMIT"}


def test_fragments_that_double_are_counted_without_being_followed() -> None:
    doubling = " ".join(f"fragment F{i} on Q {{ x ...F{i + 1} ...F{i + 1} }}" for i in range(25))
    assert refusal("{ ...F0 } " + doubling + " fragment F25 on Q { x }") == "FIELD_LIMIT"


def test_a_fragment_in_itself_is_refused() -> None:
    assert refusal("{ ...F } fragment F on Q { a { ...F } }") == "BAD_USER_INPUT"


def test_an_operation_must_be_named_where_there_are_two() -> None:
    document = parse("query A { x } query B { x }")
    with pytest.raises(QueryRejected):
        operation_of(document, None)
    assert operation_of(document, "B").name is not None


def test_fragments_in_fragments_are_refused_before_they_are_followed_far() -> None:
    chain = " ".join(f"fragment F{i} on Q {{ ...F{i + 1} }}" for i in range(40))
    assert refusal("{ ...F0 } " + chain + " fragment F40 on Q { x }") == "DEPTH_LIMIT"
