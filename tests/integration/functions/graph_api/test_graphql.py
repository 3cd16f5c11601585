"""Responses of GraphQL queries."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from .conftest import Api


def test_an_entity_with_its_neighbours(api: Api, known: Mapping[str, str]) -> None:
    data = api.data(
        """query ($id: ID!) { entity(id: $id) {
            id name type confidence key aliases attributes provenance
            neighbours(first: 2) {
                edges { cursor node { name type attributes }
                        relationship { type confidence validFrom from { name } to { name }
                                       attributes provenance } }
                pageInfo { hasNextPage endCursor } } } }""",
        id=known["Ada"],
    )
    ada = data["entity"]
    assert (ada["name"], ada["type"], ada["key"]) == ("Ada", "PERSON", "key:ada")
    assert ada["attributes"] == {"of": "Ada"}
    assert ada["provenance"] == {"documents": []}
    first, second = ada["neighbours"]["edges"]
    assert first["node"] == {"name": "Bell", "type": "ORGANIZATION", "attributes": {"of": "Bell"}}
    assert first["relationship"]["type"] == "WRITES_FOR"
    assert first["relationship"]["from"] == {"name": "Ada"}
    assert first["relationship"]["to"] == {"name": "Bell"}
    assert first["relationship"]["attributes"] == {"of": "Ada"}
    assert second["node"]["name"] == "Cray"
    assert ada["neighbours"]["pageInfo"] == {"hasNextPage": True, "endCursor": second["cursor"]}


def test_pages_of_neighbours_follow_each_other(api: Api, known: Mapping[str, str]) -> None:
    query = """query ($id: ID!, $after: String) { entity(id: $id) {
        neighbours(first: 15, after: $after) {
            edges { node { name } } pageInfo { hasNextPage endCursor } } } }"""
    names: list[str] = []
    after = None
    for _ in range(5):
        page = api.data(query, id=known["Ada"], after=after)["entity"]["neighbours"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(names) == len(set(names)) == 42


def test_entities_are_listed_and_filtered(api: Api, known: Mapping[str, str]) -> None:
    query = """query ($filter: EntityFilter, $after: String) {
        entities(filter: $filter, first: 3, after: $after) {
            edges { cursor node { name } } pageInfo { hasNextPage endCursor } } }"""

    def names(**filter_: object) -> list[str]:
        found = api.data(query, filter=filter_)["entities"]["edges"]
        return [edge["node"]["name"] for edge in found]

    assert names() == ["Ada", "Bell", "Cray"]
    assert names(type="TOPIC") == ["Dust"]
    assert names(key="key:Cray") == ["Cray"]
    assert names(q="AN 3") == ["Fan 30", "Fan 31", "Fan 32"]
    assert names(q="%") == []
    page = api.data(query)["entities"]
    following = api.data(query, after=page["pageInfo"]["endCursor"])["entities"]
    assert [edge["node"]["name"] for edge in following["edges"]] == ["Dust", "Fan 00", "Fan 01"]


def test_entities_missing_in_the_graph_are_not_listed(api: Api, known: Mapping[str, str]) -> None:
    api.sql("INSERT INTO entities (name, type, key) VALUES ('New', 'person', 'new') RETURNING id")
    query = '{ entities(filter: {key: "new"}) { edges { node { name } } } }'
    assert api.data(query)["entities"]["edges"] == []
    api.relay()
    assert api.data(query)["entities"]["edges"] == [{"node": {"name": "New"}}]


def test_relationships_are_filtered_by_type_direction_and_time(
    api: Api, known: Mapping[str, str]
) -> None:
    query = """query ($id: ID!, $types: [String!], $direction: Direction) { entity(id: $id) {
        relationships(types: $types, direction: $direction, first: 200) {
            edges { node { type from { name } to { name } } } } } }"""

    def count(**arguments: object) -> int:
        found = api.data(query, id=known["Ada"], **arguments)["entity"]["relationships"]
        return len(found["edges"])

    assert count() == 42
    assert count(direction="OUT") == 2
    assert count(direction="IN") == 40
    assert count(types=["WRITES_FOR", "NO_SUCH_TYPE"]) == 1


def test_a_path_and_a_subgraph_are_returned(api: Api, known: Mapping[str, str]) -> None:
    data = api.data(
        """query ($from: ID!, $to: ID!) {
            path(from: $from, to: $to, types: ["KNOWS"]) {
                length nodes { name } relationships { type from { name } } }
            subgraph(seeds: [$to], depth: 1) {
                truncated nodes { name } relationships { from { name } to { name } } } }""",
        **{"from": known["Fan 07"], "to": known["Dust"]},
    )
    assert data["path"]["length"] == 3
    assert [n["name"] for n in data["path"]["nodes"]] == ["Fan 07", "Ada", "Cray", "Dust"]
    assert [n["name"] for n in data["subgraph"]["nodes"]] == ["Dust", "Bell", "Cray"]
    assert not data["subgraph"]["truncated"]


def test_missing_objects_are_null(api: Api, known: Mapping[str, str]) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    query = "query ($a: ID!, $b: ID!) { entity(id: $a) { name } path(from: $a, to: $b) { length } }"
    assert api.data(query, a=nobody, b=known["Ada"]) == {"entity": None, "path": None}


THREE_LEVELS = """query ($n: Int!) { entities(first: $n, filter: {q: "Fan"}) { edges { node {
    name attributes
    neighbours(first: 2) { edges { node {
        name provenance
        again: attributes
        neighbours(first: 3, types: ["KNOWS"]) { edges { node { name }
            relationship { from { name } to { name } attributes } } } } } }
    relationships(first: 2) { edges { node { id } } }
    same: neighbours(first: 2) { edges { node { aliases } } }
    out: neighbours(first: 2, direction: OUT) { edges { node { name provenance
        in: neighbours(direction: IN) { edges { node { name attributes } } } } } } } } } }"""


def asked_for(api: Api, fans: int) -> tuple[int, int]:
    """Return the number of Cypher and SQL statements for a query of three levels."""
    cypher, sql = api.asked
    data = api.data(THREE_LEVELS, n=fans)
    assert len(data["entities"]["edges"]) == fans
    return api.asked[0] - cypher, api.asked[1] - sql


def test_a_level_of_a_query_costs_as_many_statements_for_any_number_of_items(
    api: Api, known: Mapping[str, str]
) -> None:
    # Cypher: the entities; their links, of which most fields share a page, and those that lead
    # out; the next level's two pages. SQL: the list; the details of three levels of entities,
    # and of the relationships of the last.
    assert asked_for(api, 2) == (5, 5)
    assert asked_for(api, 40) == (5, 4)  # all entities are known before the last level


def test_without_prefetching_each_item_costs_a_statement(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_runtime.graphql.prefetch.Prefetch.entities", lambda *_: None)
    cypher, sql = asked_for(api, 40)
    assert cypher > 40
    assert sql > 40


def test_aliases_and_fragments_keep_their_own_arguments(api: Api, known: Mapping[str, str]) -> None:
    data = api.data(
        """query ($id: ID!, $more: Boolean!) {
            entity(id: $id) { ...Out in: neighbours(direction: IN, first: 1) { ...Names } } }
        fragment Out on Entity { out: neighbours(direction: OUT) { ...Names
            edges @include(if: $more) { node { neighbours(first: 1) { ...Names } } } } }
        fragment Names on NeighbourConnection { edges { node { name } } }""",
        id=known["Ada"],
        more=True,
    )
    out = data["entity"]["out"]["edges"]
    assert [edge["node"]["name"] for edge in out] == ["Bell", "Cray"]
    assert out[0]["node"]["neighbours"]["edges"] == [{"node": {"name": "Ada"}}]
    assert data["entity"]["in"]["edges"][0]["node"]["name"].startswith("Fan")


def test_the_cost_is_shown(api: Api, known: Mapping[str, str]) -> None:
    answered = api.ask(
        "{ entities(first: 10) { edges { node { neighbours { edges { cursor } } } } } }"
    )
    assert answered["extensions"]["cost"] == {"requested": 10 + 10 * 50, "limit": 20_000}


def test_a_caller_without_permission_for_relationships_sees_entities_only(
    api: Api, known: Mapping[str, str]
) -> None:
    api.permissions = frozenset({"entities:read"})
    assert api.data("{ entities(first: 1) { edges { node { name } } } }")
    for query in (
        "{ entities { edges { node { neighbours { edges { cursor } } } } } }",
        f'{{ subgraph(seeds: ["{known["Ada"]}"]) {{ truncated }} }}',
        f'{{ path(from: "{known["Ada"]}", to: "{known["Bell"]}") {{ length }} }}',
    ):
        assert api.code(query) == "FORBIDDEN"


def test_an_internal_error_is_masked_and_logged(
    api: Api, known: Mapping[str, str], monkeypatch: Any, caplog: Any
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(
        "groundwork_core.knowledge.graph.two_store_reader.TwoStoreReader.entities", broken
    )
    answer = api.post({"query": f'{{ entity(id: "{known["Ada"]}") {{ name }} }}'})
    answered = json.loads(answer.body or "")
    assert answered["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in str(answer.body)
    assert "secret inside" in caplog.text


def test_fields_of_one_query_may_select_different_columns(
    api: Api, known: Mapping[str, str]
) -> None:
    data = api.data(
        """query ($id: ID!) {
            subgraph(seeds: [$id]) { nodes { id } relationships { id } }
            entity(id: $id) { name key neighbours(first: 1) {
                edges { node { id } relationship { from { name } to { name } } } } } }""",
        id=known["Ada"],
    )
    assert (data["entity"]["name"], data["entity"]["key"]) == ("Ada", "key:ada")
    (edge,) = data["entity"]["neighbours"]["edges"]
    assert edge["relationship"] == {"from": {"name": "Ada"}, "to": {"name": "Bell"}}


def test_only_selected_fields_are_read_from_the_graph(api: Api, known: Mapping[str, str]) -> None:
    def reads(*shown: str) -> tuple[str, str, str | None]:
        reader = api.wiring.graph_reader(lambda: 5.0, frozenset(shown))
        (ada,) = reader.entities([known["Ada"]]).values()
        return ada.id, ada.name, ada.key

    assert reads() == (known["Ada"], "", None)
    assert reads("Entity.name") == (known["Ada"], "Ada", None)
    assert reads("Entity.name", "Entity.key") == (known["Ada"], "Ada", "key:ada")
