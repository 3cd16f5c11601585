"""Near hubs a path is searched in Postgres; it must be as short, and connected."""

from collections.abc import Mapping
from itertools import pairwise, permutations
from typing import Any

import pytest

from groundwork_data.graph.driver import GraphDatabase

from .conftest import Api
from .test_hubs import READER, crowd

__all__ = ["crowd"]

PATH = """query ($from: ID!, $to: ID!, $hops: Int!, $types: [String!], $least: Float,
                 $at: DateTime) {
    path(from: $from, to: $to, maxHops: $hops, types: $types, minConfidence: $least, asOf: $at) {
        length nodes { id } relationships { type confidence from { id } to { id } } } }"""
TYPES = ("KNOWS", "LIKES", "OWNS")
WANTED: list[dict[str, Any]] = [
    {},
    {"types": ["LIKES"]},
    {"least": 0.9},
    {"at": "2019-01-01T00:00:00Z", "types": ["OWNS", "KNOWS"]},
]
NAMES = ("Hub 0", "Hub 2", "One 9", "One 31", "Lone 0", "Lone 3")


@pytest.fixture
def tail(api: Api, crowd: Mapping[str, str]) -> Mapping[str, str]:
    """A line of five that begins at one of the crowd, and so lies far from hubs."""
    api.sql("INSERT INTO entities (name, type) SELECT 'Lone ' || i, 'person'"
            " FROM generate_series(0, 4) i RETURNING id")  # fmt: skip
    api.sql(
        "INSERT INTO relationships (from_id, to_id, type)"
        " SELECT a.id, b.id, 'LIKES' FROM entities a, entities b"
        " WHERE b.name = CASE a.name WHEN 'One 62' THEN 'Lone 0' WHEN 'Lone 0' THEN 'Lone 1'"
        " WHEN 'Lone 1' THEN 'Lone 2' WHEN 'Lone 2' THEN 'Lone 3' END RETURNING id"
    )
    api.relay()
    return dict(api.sql("SELECT name, id::text FROM entities"))


def paths(api: Api, ids: Mapping[str, str], hops: int, wanted: dict[str, object]) -> list[Any]:
    """The paths between all pairs."""
    return [
        api.data(PATH, **{"from": ids[a], "to": ids[b]}, hops=hops, **wanted)["path"]
        for a, b in permutations(NAMES, 2)
    ]


def holds_together(path: Any) -> bool:
    nodes = [node["id"] for node in path["nodes"]]
    ends = [{r["from"]["id"], r["to"]["id"]} for r in path["relationships"]]
    return ends == [set(pair) for pair in pairwise(nodes)] and len(ends) == path["length"]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_paths_have_the_same_length_whatever_degree_makes_a_hub(
    api: Api, tail: Mapping[str, str], monkeypatch: Any, wanted: dict[str, Any]
) -> None:
    for hops in (2, 4, 6):
        monkeypatch.setattr(READER, 1_000)
        lengths = [path and path["length"] for path in paths(api, tail, hops, wanted)]
        for degree in (3, 40):
            monkeypatch.setattr(READER, degree)
            found = paths(api, tail, hops, wanted)
            assert [path and path["length"] for path in found] == lengths
            for path in filter(None, found):
                assert holds_together(path)
                steps = path["relationships"]
                assert {r["type"] for r in steps} <= set(wanted.get("types", TYPES))
                assert all(r["confidence"] >= wanted.get("least", 0.0) for r in steps)


def test_a_path_between_hubs_shows_the_most_confident_relationship(
    api: Api, tail: Mapping[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(READER, 1)
    ends = {"from": tail["Hub 0"], "to": tail["Hub 2"]}
    (step,) = api.data(PATH, **ends, hops=2)["path"]["relationships"]
    ((best,),) = api.sql(
        "SELECT max(confidence) FROM relationships WHERE from_id IN (%s, %s) AND to_id IN (%s, %s)"
        " AND from_id <> to_id", *ends.values(), *ends.values(),
    )  # fmt: skip
    assert step["confidence"] == best


def test_a_path_that_the_graph_lacks_is_not_shown(
    api: Api, tail: Mapping[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(READER, 1)
    api.sql(
        "WITH made AS (INSERT INTO entities (name, type) VALUES ('New', 'person') RETURNING id)"
        " SELECT id FROM made"
    )
    for one in ("Hub 0", "Lone 3"):
        api.sql(
            "INSERT INTO relationships (from_id, to_id, type) SELECT id, %s, 'NEW' FROM entities"
            " WHERE name = 'New' RETURNING id",
            tail[one],
        )
    ask = {"from": tail["Hub 0"], "to": tail["Lone 3"], "types": ["NEW"], "hops": 4}
    assert api.data(PATH, **ask)["path"] is None
    api.relay()
    assert api.data(PATH, **ask)["path"]["length"] == 2


def test_a_path_search_does_not_read_a_hub_from_neo4j(
    api: Api, tail: Mapping[str, str], monkeypatch: Any
) -> None:
    """Neo4j's own search reads a hub whole; without Postgres' it would be asked for this."""
    asked: list[str] = []
    read = GraphDatabase.read

    def noted(graph: GraphDatabase, text: str, *rest: Any, **more: Any) -> Any:
        asked.append(text)
        return read(graph, text, *rest, **more)

    monkeypatch.setattr(GraphDatabase, "read", noted)
    for a, b in permutations(("Hub 0", "Hub 2", "One 9", "One 31", "Lone 0"), 2):
        for degree, searched in ((1_000, True), (40, False)):
            monkeypatch.setattr(READER, degree)
            asked.clear()
            path = api.data(
                PATH, **{"from": tail[a], "to": tail[b]}, types=["KNOWS", "LIKES"], hops=4
            )
            assert path["path"]
            assert any("shortestPath" in text for text in asked) == searched, (a, b)
