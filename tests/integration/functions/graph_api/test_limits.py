"""Queries over a limit get a clean error, and nothing runs for long."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from neo4j import Driver
from neo4j.exceptions import Neo4jError

from groundwork_core.errors import TookTooLong
from groundwork_data.graph.driver import GraphDatabase
from groundwork_runtime.graphql.executor import MAX_BODY_BYTES, MAX_RESPONSE_BYTES
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....waiting import eventually
from .conftest import Api


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
def test_a_query_gets_503_within_15_seconds_while_the_graph_is_down(
    api: Api, known: Mapping[str, str], request: pytest.FixtureRequest, kind: str
) -> None:
    settings = api.wiring.settings.model_copy(update={"neo4j_uri": request.getfixturevalue(kind)})
    down = Api(Wiring(Settings.model_validate(settings)))
    query = " ".join(f'a{i}: entity(id: "{known["Ada"]}") {{ name }}' for i in range(20))
    before = time.monotonic()
    answer = down.post({"query": "{" + query + "}"})
    assert time.monotonic() - before < 15  # not as if it were waited for by each of the twenty
    down.wiring.database.close()
    down.wiring.graph.close()
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    answered = json.loads(answer.body or "")
    assert answered["errors"][0]["extensions"]["code"] == "GRAPH_UNAVAILABLE"
    assert answered["type"] == "/problems/unavailable"


# Time

ENDLESS = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS n"
RUNNING = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery"
RUNNING += " WHERE currentQuery STARTS WITH 'UNWIND range(1, 1' RETURN id"


def test_a_query_over_its_time_is_stopped_in_the_database(graph: GraphDatabase) -> None:
    before = time.monotonic()
    with pytest.raises(TookTooLong):
        graph.read(ENDLESS, {}, seconds=0.5)
    assert time.monotonic() - before < 30
    assert graph.run(RUNNING) == []


def test_without_a_time_limit_a_query_runs_on_after_its_caller_left(
    neo4j: Any, graph: GraphDatabase
) -> None:
    """With the guard disabled, the query has no time limit and runs on after its caller left."""
    asker = threading.Thread(target=lambda: _until_stopped(neo4j.driver), daemon=True)
    asker.start()
    running = eventually(lambda: graph.run(RUNNING))
    assert len(running) == 1
    graph.run(f"TERMINATE TRANSACTION '{running[0]['id']}'")
    asker.join(20)
    assert not asker.is_alive()


def _until_stopped(driver: Driver) -> None:
    with suppress(Neo4jError):
        driver.execute_query(ENDLESS)


def test_a_request_over_its_time_limit_is_an_error_that_says_so(
    api: Api, known: Mapping[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("groundwork_runtime.graphql.executor.REQUEST_SECONDS", 0.0)
    assert api.code("{ entities { edges { node { name } } } }") == "TIMEOUT"


# Size


@pytest.fixture
def long_answer(api: Api) -> str:
    """A query within every limit whose answer has three million characters and more."""
    api.sql(
        "INSERT INTO entities (name, type, attributes) SELECT 'Long ' || i, 'topic',"
        " jsonb_build_object('text', repeat('x', 20000)) FROM generate_series(1, 160) i"
        " RETURNING id"
    )
    api.relay()
    return '{ entities(filter: {q: "Long"}, first: 160) { edges { node { attributes } } } }'


def test_a_response_too_long_for_lambda_is_an_error_that_says_so(
    api: Api, long_answer: str
) -> None:
    answer = api.post({"query": long_answer})
    answered = json.loads(answer.body or "")
    assert (answer.status, answered["data"]) == (200, None)
    assert [error["extensions"]["code"] for error in answered["errors"]] == ["TOO_LARGE"]
    assert len(api.data(long_answer.replace("160", "80"))["entities"]["edges"]) == 80


def test_without_the_limit_a_response_too_long_for_lambda_is_sent(
    api: Api, long_answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_runtime.graphql.executor.MAX_RESPONSE_BYTES", 10_000_000)
    assert len(api.post({"query": long_answer}).body or "") > MAX_RESPONSE_BYTES


def test_a_query_that_is_too_long_is_refused(api: Api) -> None:
    answer = api.post({"query": "{ __typename }" + " " * MAX_BODY_BYTES})
    answered = json.loads(answer.body or "")
    assert (answer.status, answered["type"]) == (413, "/problems/content-too-large")
    assert answered["errors"][0]["extensions"]["code"] == "TOO_LARGE"
