"""Cypher and SQL in every argument of GraphQL: compared as text, or refused as a bad argument."""

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from neo4j import Driver
from neo4j.exceptions import Neo4jError

from groundwork_core.knowledge.keys import folded

from ..integration.functions.graph_api.conftest import Api
from .hostile_texts import CYPHER, EVERY

NODES = "MATCH (n) RETURN count(n)"
INDEXES = "SHOW INDEXES YIELD name RETURN name"
LIST = """query ($filter: EntityFilter, $after: String) {
    entities(filter: $filter, after: $after, first: 200) {
        edges { node { name key attributes } } } }"""
WITHIN = "{ entities(filter: {key: TEXT}) { edges { node { name } } } }"
OF_THE_CLIENT = {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
REFUSED = (
    "query ($text: ID!) { entity(id: $text) { id } }",
    "query ($text: String) { entities(after: $text) { edges { cursor } } }",
    "query ($text: EntityType) { entities(filter: {type: $text}) { edges { cursor } } }",
    "query ($known: ID!, $text: [String!]) { entity(id: $known) {"
    " neighbours(types: $text) { edges { cursor } } } }",
    "query ($known: ID!, $text: String) { entity(id: $known) {"
    " neighbours(after: $text) { edges { cursor } } } }",
    "query ($known: ID!, $text: [String!]) { entity(id: $known) {"
    " relationships(types: $text) { edges { cursor } } } }",
    "query ($known: ID!, $text: String) { entity(id: $known) {"
    " relationships(after: $text) { edges { cursor } } } }",
    "query ($known: ID!, $text: DateTime) { entity(id: $known) {"
    " relationships(asOf: $text) { edges { cursor } } } }",
    "query ($known: ID!, $text: ID!) { path(from: $known, to: $text) { length } }",
    "query ($known: ID!, $text: ID!) { path(from: $text, to: $known) { length } }",
    "query ($known: ID!, $text: [String!]) { path(from: $known, to: $known, types: $text)"
    " { length } }",
    "query ($text: [ID!]!) { subgraph(seeds: $text) { truncated } }",
    "query ($known: ID!, $text: [String!]) { subgraph(seeds: [$known], types: $text)"
    " { truncated } }",
)


@pytest.fixture
def known(api: Api) -> str:
    """A graph of entities that are named by the texts; returns the id of one more."""
    api.sql(
        "INSERT INTO entities (name, type, key, attributes)"
        " SELECT t, 'topic', groundwork_fold(t), jsonb_build_object(t, t)"
        " FROM unnest(%s::text[]) AS n(t)"
        " RETURNING id",
        list(EVERY),
    )
    ((id_,),) = api.sql(
        "INSERT INTO entities (name, type, key) VALUES ('Ada', 'person', 'ada') RETURNING id::text"
    )
    api.relay()
    return str(id_)


@pytest.fixture
def graph_stays(known: str, neo4j: Any) -> Any:
    """Nothing in the graph is made, lost or renamed."""
    before = _state(neo4j.driver)
    assert before[0] > len(EVERY)
    yield
    assert _state(neo4j.driver) == before


def _state(driver: Driver) -> Sequence[Any]:
    nodes = driver.execute_query(NODES).records[0][0]
    return [nodes, sorted(row[0] for row in driver.execute_query(INDEXES).records)]


@pytest.mark.usefixtures("graph_stays")
def test_hostile_text_in_a_filter_is_only_text(api: Api) -> None:
    for text in EVERY:
        edges = api.data(LIST, filter={"key": text})["entities"]["edges"]
        whole = {"name": text, "key": folded(text), "attributes": {text: text}}
        assert [edge["node"] for edge in edges] == [whole]
        edges = api.data(LIST, filter={"q": text})["entities"]["edges"]
        names = {edge["node"]["name"] for edge in edges}
        assert names == {name for name in EVERY if folded(text) in folded(name)}, text


@pytest.mark.usefixtures("graph_stays")
def test_hostile_text_in_the_query_itself_is_only_text(api: Api) -> None:
    for text in EVERY:
        query = WITHIN.replace("TEXT", json.dumps(text))
        assert api.data(query)["entities"]["edges"] == [{"node": {"name": text}}]
        assert _codes(api.post({"query": text}).body) <= OF_THE_CLIENT, text
        named = {"query": "{ __typename }", "operationName": text}
        assert _codes(api.post(named).body) <= OF_THE_CLIENT, text


@pytest.mark.usefixtures("graph_stays")
def test_hostile_text_in_place_of_a_typed_value_is_refused(api: Api, known: str) -> None:
    for query, text in product(REFUSED, EVERY):
        if text == "NULL" and "types: $text" in query:
            continue  # a type may be called so
        value: object = [text] if "$text: [" in query else text
        sent = {"query": query, "variables": {"text": value, "known": known}}
        assert _codes(api.post(sent).body) == {"BAD_USER_INPUT"}, (query, text)


def _codes(body: object) -> set[str]:
    answered: Mapping[str, Any] = json.loads(str(body))
    assert answered["errors"]
    return {error["extensions"]["code"] for error in answered["errors"]}


def test_the_hostile_texts_do_harm_as_part_of_a_cypher_statement(known: str, neo4j: Any) -> None:
    """With the guard disabled: the same texts, made part of a statement that is rolled back."""
    assert known
    broken, did = 0, 0
    with neo4j.driver.session() as session:
        for text in (one for one in CYPHER if "LOAD CSV" not in one):
            with session.begin_transaction() as transaction:
                statement = f"MATCH (e:Entity {{key: 'ada{text}'}}) RETURN e.name"
                try:
                    result = transaction.run(statement)
                    did += result.consume().counters.contains_updates
                except Neo4jError:
                    broken += 1
                transaction.rollback()
    assert broken > 5
    assert did > 3
