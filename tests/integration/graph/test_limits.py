"""Clients that mean harm, or ask for too much: clean errors, and nothing runs for long."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from groundwork_core.knowledge.graph.errors import TookTooLong
from groundwork_data.graph.driver import GraphDatabase
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from .conftest import Api


def nested(levels: int) -> str:
    return (
        "{ entities(first: 1) "
        + "{ edges { node { neighbours(first: 1) " * levels
        + ("{ edges { cursor } }" + " } } }" * levels + " }")
    )


ATTACKS = {
    "depth 50": (nested(17), "DEPTH_LIMIT"),
    "1,000 aliases": (
        "{" + " ".join(f"a{i}: __typename" for i in range(1_000)) + "}",
        "ALIAS_LIMIT",
    ),
    "tokens": ("{" + "a " * 5_000 + "}", "GRAPHQL_PARSE_FAILED"),
    "deep brackets": ("{a" * 1_900, "DEPTH_LIMIT"),
    "fragment cycle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "BAD_USER_INPUT",
    ),
    "fragment bomb": (
        "{ ...F0 } "
        + " ".join(
            f"fragment F{i} on Query {{ a{i}: __typename ...F{i + 1} ...F{i + 1} }}"
            for i in range(40)
        )
        + " fragment F40 on Query { __typename }",
        "ALIAS_LIMIT",
    ),
    "huge page": ("{ entities(first: 1000000) { edges { cursor } } }", "BAD_USER_INPUT"),
    "no page": ("{ entities(first: 0) { edges { cursor } } }", "BAD_USER_INPUT"),
    "cost": (
        "{ entities(first: 200) { edges { node { neighbours(first: 200) {"
        " edges { cursor } } } } } }",
        "COST_LIMIT",
    ),
    "introspection flood": (
        "{" + " ".join(f"a{i}: __schema {{ types {{ name }} }}" for i in range(10)) + "}",
        "INTROSPECTION_LIMIT",
    ),
    "mutation": ("mutation { x }", "BAD_USER_INPUT"),
    "unknown field": ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    "bad cursor": ('{ entities(after: "AAAA") { edges { cursor } } }', "BAD_USER_INPUT"),
    "injected id": ('{ entity(id: "x\' OR 1=1 //") { name } }', "BAD_USER_INPUT"),
    "NUL": ('{ entities(filter: {q: "a\\u0000"}) { edges { cursor } } }', "BAD_USER_INPUT"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_a_clean_error_at_once(api: Api, name: str) -> None:
    query, code = ATTACKS[name]
    before = time.monotonic()
    assert api.code(query) == code
    assert time.monotonic() - before < 2
    assert api.statements == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"types": ["KNOWS`]->() DETACH DELETE n //"]},
        {"types": ["knows"]},
        {"types": ["A"] * 51},
        {"minConfidence": 1.5},
        {"after": "WyJsIiwwLjUsIngnIE9SIDEiXQ"},
        {"asOf": "yesterday"},
        {"first": 201},
        {"first": -1},
    ],
)
def test_a_bad_argument_is_refused(
    api: Api, known: Mapping[str, str], variables: dict[str, object]
) -> None:
    query = """query ($id: ID!, $types: [String!], $minConfidence: Float, $after: String,
                      $asOf: DateTime, $first: Int) {
        entity(id: $id) { neighbours(types: $types, minConfidence: $minConfidence, after: $after,
                                     asOf: $asOf, first: $first) { edges { node { name } } } } }"""
    assert api.code(query, id=known["Ada"], **variables) == "BAD_USER_INPUT"
    assert len(api.data("{ entities(first: 200) { edges { node { id } } } }")["entities"]["edges"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([{"query": "{ __typename }"}], 400),
        ({"query": 5}, 400),
        ({"query": "{ __typename }", "variables": []}, 400),
        ({"query": "{ __typename }", "operationName": {}}, 400),
        ({"query": "#" * 300_000}, 413),
        ({"query": "{ __typename }", "variables": {"x": "y" * 300_000}}, 413),
    ],
)
def test_a_body_of_another_shape_is_refused(api: Api, body: object, status: int) -> None:
    answer = api.post(body)
    assert answer.status == status
    assert json.loads(answer.body or "")["errors"][0]["extensions"]["code"]


def test_the_standard_introspection_query_is_within_the_limits(api: Api) -> None:
    from graphql import get_introspection_query  # noqa: PLC0415 - this test alone

    assert api.data(get_introspection_query(input_value_deprecation=True))["__schema"]["types"]


# Position


def test_a_reader_waits_for_its_own_write(api: Api, known: Mapping[str, str]) -> None:
    position = api.sql(
        "WITH made AS (INSERT INTO entities (name, type, key) VALUES ('New', 'person', 'new')"
        " RETURNING id) SELECT pg_current_xact_id()::text FROM made"
    )[0][0]
    body = {"query": '{ entities(filter: {key: "new"}) { edges { node { name } } } }'}
    behind = api.post(body, X_Groundwork_Min_Position=position)
    assert json.loads(behind.body or "")["errors"][0]["extensions"]["code"] == "GRAPH_BEHIND"
    api.relay()
    caught_up = api.post(body, X_Groundwork_Min_Position=position)
    assert json.loads(caught_up.body or "")["data"]["entities"]["edges"]


@pytest.mark.parametrize("position", ["", "x", "-1", "1e3", "9" * 19, "9" * 40, "٣"])
def test_a_position_that_is_none_is_refused(api: Api, position: str) -> None:
    answer = api.post({"query": "{ __typename }"}, X_Groundwork_Min_Position=position)
    told = json.loads(answer.body or "")
    assert told["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


# The graph is down


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"bolt://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def refusing() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"bolt://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["refusing", "black_hole"])
def test_without_the_graph_the_answer_is_503_within_3_seconds(
    api: Api, known: Mapping[str, str], request: pytest.FixtureRequest, kind: str
) -> None:
    settings = api.wiring.settings.model_copy(update={"neo4j_uri": request.getfixturevalue(kind)})
    down = Api(Wiring(Settings.model_validate(settings)))
    query = " ".join(f'a{i}: entity(id: "{known["Ada"]}") {{ name }}' for i in range(5))
    before = time.monotonic()
    answer = down.post({"query": "{" + query + "}"})
    assert time.monotonic() - before < 3
    down.wiring.database.close()
    down.wiring.graph.close()
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    told = json.loads(answer.body or "")
    assert told["errors"][0]["extensions"]["code"] == "GRAPH_UNAVAILABLE"
    assert told["type"] == "/problems/unavailable"


# Time

ENDLESS = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS n"
RUNNING = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND range(1, 1'"


def test_a_query_over_its_time_is_stopped_in_the_database(graph: GraphDatabase) -> None:
    before = time.monotonic()
    with pytest.raises(TookTooLong):
        graph.read(ENDLESS, {}, seconds=0.5)
    assert time.monotonic() - before < 3
    assert graph.run(RUNNING + " RETURN currentQuery") == []


def test_a_request_over_its_time_says_so(
    api: Api, known: Mapping[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("groundwork_graph_api.answering.REQUEST_SECONDS", 0.0)
    assert api.code("{ entities { edges { node { name } } } }") == "TIMEOUT"
