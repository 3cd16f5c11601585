"""The guards of the projection to Neo4j, and what happens without each."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from groundwork_core.knowledge.graph.ports import AppliedChanges
from groundwork_core.relay.destinations.graph import project
from groundwork_data.graph import projection_cypher
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.statements import Statements

from ....fakes.outbox_rows import deleted, edge, entity, id_of
from ....fakes.unguarded import without_lock, without_tombstones, without_versions
from ...functions.graph_api.conftest import shown

if TYPE_CHECKING:
    from neo4j import Driver

NODES = "MATCH (n) WHERE n:Entity OR n:Awaited OR n:Tombstone RETURN n, labels(n) AS labels"


@pytest.fixture
def projection(graph: GraphDatabase) -> Neo4jProjection:
    return Neo4jProjection(graph)


def name_of(graph: GraphDatabase, name: str) -> str | None:
    rows = graph.run("MATCH (n:Entity {id: $id}) RETURN n.name AS name", {"id": str(id_of(name))})
    return rows[0]["name"] if rows else None


def test_types_become_labels_and_relationship_types(
    graph: GraphDatabase, projection: Neo4jProjection
) -> None:
    project(
        [entity("a", type="website"), entity("b"), edge("e", "a", "b", type="LINKS_TO")], projection
    )
    project([entity("a", 2, type="topic")], projection)
    rows = graph.run("MATCH (a)-[:LINKS_TO]->(b) RETURN labels(a) AS a, labels(b) AS b")
    assert [(sorted(row["a"]), sorted(row["b"])) for row in rows] == [
        (["Entity", "Topic"], ["Entity", "Person"])
    ]


def test_a_new_relationship_type_is_constrained_without_a_migration(
    graph: GraphDatabase, projection: Neo4jProjection
) -> None:
    from neo4j.exceptions import ConstraintError  # noqa: PLC0415 - this test alone

    project([entity("a"), entity("b"), edge("e", "a", "b", type="BRAND_NEW")], projection)
    with pytest.raises(ConstraintError):
        graph.run("MATCH (a)-[r:BRAND_NEW]->(b) CREATE (b)-[s:BRAND_NEW]->(a) SET s.id = r.id")


def test_an_invalid_type_never_becomes_cypher(projection: Neo4jProjection) -> None:
    with pytest.raises(ValueError, match="not a relationship type"):
        project([edge("e", "a", "b", type="X`]->() DETACH DELETE n //")], projection)


def test_a_delete_leaves_a_tombstone_and_nothing_else(
    graph: GraphDatabase, projection: Neo4jProjection
) -> None:
    project([entity("a"), deleted("entities", "a", 2)], projection)
    project([entity("b"), edge("e", "b", "c"), deleted("entities", "c", 2)], projection)
    labels = sorted(sorted(row["labels"]) for row in graph.run(NODES))
    assert labels == [["Entity", "Person"], ["Tombstone"], ["Tombstone"]]
    assert graph.run("MATCH ()-[r]->() RETURN r") == []


def run_both(first: Callable[[], object], second: Callable[[], object]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result(timeout=30)


@pytest.fixture
def new_type(graph: GraphDatabase) -> Iterator[str]:
    """A type that no graph has had; its constraint goes with the test."""
    name = f"NEW_{uuid4().hex[:12].upper()}"
    yield name
    graph.run(f"DROP CONSTRAINT relationship_{name.lower()}_id IF EXISTS")


def links_of(graph: GraphDatabase, name: str) -> int:
    rows = graph.run(f"MATCH ()-[r:{name}]->() RETURN count(r) AS links, count(DISTINCT r.id) AS n")
    assert rows[0]["n"] <= 1
    return int(rows[0]["links"])


def test_two_relays_with_the_same_new_type_both_succeed_and_constrain_it(
    graph: GraphDatabase, new_type: str
) -> None:
    project([entity("a"), entity("b")], Neo4jProjection(graph))
    start = threading.Barrier(2)

    def bring() -> None:
        relay = Neo4jProjection(graph)
        start.wait()
        project([edge("e", "a", "b", type=new_type)], relay)

    run_both(bring, bring)
    assert links_of(graph, new_type) == 1
    name = f"relationship_{new_type.lower()}_id"
    rows = graph.run(
        "SHOW CONSTRAINTS YIELD name, type WHERE name = $name RETURN type", {"name": name}
    )
    assert [row["type"] for row in rows] == ["RELATIONSHIP_UNIQUENESS"]


def create_twice(graph: GraphDatabase, new_type: str, patch: pytest.MonkeyPatch) -> list[object]:
    """Two relays that no lock keeps apart see no such relationship, then both create it."""
    project([entity("a"), entity("b")], Neo4jProjection(graph))
    without_lock(patch)
    patch.setattr(projection_cypher, "ADVANCE", "RETURN $xid, $row")
    looked, ask = threading.Barrier(2), Statements.ask

    def together(self: Statements, text: str, parameters: dict[str, object]) -> object:
        result = ask(self, text, parameters)
        if text == projection_cypher.find(new_type):
            looked.wait(10)
        return result

    patch.setattr(Statements, "ask", together)

    def bring() -> object:
        try:
            project([edge("e", "a", "b", type=new_type)], Neo4jProjection(graph))
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        return [done.result(timeout=30) for done in [pool.submit(bring), pool.submit(bring)]]


def test_the_constraint_of_a_new_type_refuses_a_second_relationship_with_one_id(
    graph: GraphDatabase, new_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neo4j.exceptions import ConstraintError  # noqa: PLC0415 - this test alone

    outcomes = create_twice(graph, new_type, monkeypatch)
    assert sorted(map(type, outcomes), key=str) == [type(None), ConstraintError]
    assert links_of(graph, new_type) == 1


def test_without_the_constraint_of_its_type_a_relationship_is_stored_twice(
    graph: GraphDatabase, new_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Neo4jProjection, "constrain", lambda *_: None)
    assert create_twice(graph, new_type, monkeypatch) == [None, None]
    assert links_of(graph, new_type) == 2


def test_a_relationship_type_created_by_hand_is_constrained_when_it_is_projected(
    graph: GraphDatabase, new_type: str, projection: Neo4jProjection
) -> None:
    graph.run(f"CREATE (:Entity)-[:{new_type} {{id: 'by hand'}}]->(:Stranger)")
    project([entity("a"), entity("b"), edge("e", "a", "b", type=new_type)], projection)
    assert new_type in {row["type"] for row in graph.run(projection_cypher.TYPES)}


def operators(driver: "Driver", text: str) -> set[str]:
    """Return the operators of a statement's plan."""
    driver.execute_query("CALL db.clearQueryCaches()")
    plan = driver.execute_query(f"EXPLAIN {text}", ids=[], rows=[]).summary.plan
    assert plan is not None
    names, todo = set(), [plan]
    while todo:
        step = todo.pop()
        names.add(step["operatorType"])
        todo.extend(step.get("children", []))
    return names


def some_edges(projection: Neo4jProjection) -> None:
    """Few enough that reading all of them seems cheap."""
    rows = [entity(name) for name in "abcde"]
    project(rows + [edge(f"e{i}", "a", "b") for i in range(5)], projection)


@pytest.mark.parametrize("statement", ["find", "update", "delete"])
def test_a_relationship_is_looked_up_by_its_index_even_if_there_are_few(
    neo4j: Any, projection: Neo4jProjection, statement: str
) -> None:
    some_edges(projection)
    found = operators(neo4j.driver, getattr(projection_cypher, statement)("KNOWS"))
    assert any("RelationshipUniqueIndexSeek" in name for name in found)
    assert not any("Scan" in name for name in found)


ENDS = [entity("a"), entity("b"), entity("c")]
OLDER = {
    "an entity": ([entity("a", 3, name="new")], entity("a", 2, name="old")),
    "an entity of another type": ([entity("a", 3, type="topic")], entity("a", 2)),
    "an entity that is deleted": ([entity("a"), deleted("entities", "a", 2)], entity("a")),
    "a relationship": (
        [*ENDS, edge("e", "a", "b", 3, confidence=0.9)],
        edge("e", "a", "b", 2, confidence=0.1),
    ),
    "a relationship of another type": (
        [*ENDS, edge("e", "a", "b"), edge("e", "a", "b", 2, type="TRUSTS")],
        edge("e", "a", "b"),
    ),
    "a relationship with another end": (
        [*ENDS, edge("e", "a", "b"), edge("e", "a", "c", 2)],
        edge("e", "a", "b"),
    ),
    "a relationship that is deleted": (
        [*ENDS, edge("e", "a", "b"), deleted("relationships", "e", 2)],
        edge("e", "a", "b"),
    ),
}


@pytest.mark.parametrize("name", OLDER)
def test_an_older_change_changes_nothing(
    graph: GraphDatabase, projection: Neo4jProjection, name: str
) -> None:
    newer, older = OLDER[name]
    project(newer, projection)
    before = shown(graph)
    project([older], projection)
    assert shown(graph) == before


@pytest.mark.parametrize("name", OLDER)
def test_without_the_comparison_of_versions_an_older_change_is_applied(
    graph: GraphDatabase, projection: Neo4jProjection, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer, older = OLDER[name]
    project(newer, projection)
    before = shown(graph)
    without_versions(monkeypatch)
    project([older], projection)
    assert shown(graph) != before


@pytest.mark.parametrize("name", ["an entity that is deleted", "a relationship that is deleted"])
def test_without_tombstones_an_older_change_brings_a_deleted_row_back(
    graph: GraphDatabase, projection: Neo4jProjection, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tombstones(monkeypatch)
    newer, older = OLDER[name]
    for one in newer:
        project([one], projection)
    before = shown(graph)
    project([older], projection)
    assert len(shown(graph)) == len(before) + 1


def test_a_batch_is_applied_whole_or_not_at_all(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_cypher, "ADVANCE", "RETURN 1 / 0, $xid, $row")
    from neo4j.exceptions import Neo4jError  # noqa: PLC0415 - this test alone

    with pytest.raises(Neo4jError):
        project([entity("a")], projection)
    assert name_of(graph, "a") is None
    assert projection.position() == (0, 0)


def test_a_batch_of_any_size_takes_few_statements(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    count: list[str] = []
    for name in ("ask", "send"):
        original = getattr(Statements, name)

        def counting(
            self: Statements,
            text: str,
            parameters: dict[str, object],
            original: Callable[..., object] = original,
        ) -> object:
            count.append(text)
            return original(self, text, parameters)

        monkeypatch.setattr(Statements, name, counting)
    rows = [entity(f"n{i}") for i in range(200)]
    rows += [edge(f"e{i}", f"n{i}", f"n{i - 1}") for i in range(1, 200)]
    project(rows, projection)
    assert len(count) <= 10
    count.clear()
    later = [entity(f"n{i}", 2) for i in range(200)]
    later += [edge(f"e{i}", f"n{i}", f"n{i - 1}", 2) for i in range(1, 200)]
    assert project(later, projection) == AppliedChanges(200, 199, 0)
    assert len(count) <= 4
