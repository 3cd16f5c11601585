"""How the projection keeps Neo4j: its guards, and what happens without them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from groundwork_core.knowledge.graph.ports import Applied
from groundwork_core.knowledge.graph.project import project
from groundwork_data.graph import projection_cypher
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.statements import Statements

from ...fakes.outbox_rows import deleted, edge, entity, id_of

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


def test_a_type_that_is_no_type_never_becomes_cypher(projection: Neo4jProjection) -> None:
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


def race(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 reads what stands; then version 3 is applied, if it can be; then 2 goes on."""
    project([entity("a")], Neo4jProjection(graph))
    read, late = threading.Event(), threading.Event()
    original = projection_cypher.STANDING_ENTITIES
    ask = Statements.ask
    older = threading.local()

    def stopping(self: Statements, text: str, parameters: dict[str, object]) -> object:
        result = ask(self, text, parameters)
        if text == original and getattr(older, "here", False):
            read.set()
            late.wait(2)
        return result

    monkeypatch.setattr(Statements, "ask", stopping)

    def slow() -> None:
        older.here = True
        # Of another type, so that it is read, decided and written in three steps.
        project([entity("a", 2, name="old", type="topic")], Neo4jProjection(graph))

    def quick() -> None:
        read.wait(10)
        project([entity("a", 3, name="new")], Neo4jProjection(graph))
        late.set()

    run_both(slow, quick)


def test_two_relays_on_one_aggregate_never_take_it_back(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    race(graph, monkeypatch)
    assert name_of(graph, "a") == "new"


def test_without_the_lock_two_relays_take_it_back(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_cypher, "LOCK", "RETURN [0, 0] AS rows")
    race(graph, monkeypatch)
    assert name_of(graph, "a") == "old"


def test_without_the_version_an_old_change_would_win(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    project([entity("a", 3, name="new")], projection)
    project([entity("a", 2, name="old")], projection)
    assert name_of(graph, "a") == "new"
    unguarded = projection_cypher.UPDATE_ENTITIES.replace("n._v < row[6] AND", "")
    assert unguarded != projection_cypher.UPDATE_ENTITIES
    monkeypatch.setattr(projection_cypher, "UPDATE_ENTITIES", unguarded)
    project([entity("a", 2, name="old")], projection)
    assert name_of(graph, "a") == "old"


def operators(driver: "Driver", text: str) -> set[str]:
    """How a statement that is planned now does its work."""
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


@pytest.mark.parametrize("statement", ["standing", "update", "delete"])
def test_a_relationship_is_looked_up_by_its_index_however_few_there_are(
    neo4j: Any, projection: Neo4jProjection, statement: str
) -> None:
    some_edges(projection)
    found = operators(neo4j.driver, getattr(projection_cypher, statement)("KNOWS"))
    assert any("RelationshipUniqueIndexSeek" in name for name in found)
    assert not any("Scan" in name for name in found)


def test_without_the_hint_all_relationships_would_be_read_for_each_row(
    neo4j: Any, projection: Neo4jProjection
) -> None:
    some_edges(projection)
    text = projection_cypher.update("KNOWS").replace("USING INDEX SEEK r:`KNOWS`(id)", "")
    assert any("Scan" in name for name in operators(neo4j.driver, text))


def confidence_of(graph: GraphDatabase, name: str) -> float:
    rows = graph.run(
        "MATCH ()-[r {id: $id}]->() RETURN r.confidence AS c", {"id": str(id_of(name))}
    )
    return float(rows[0]["c"])


def test_without_the_version_an_old_change_of_a_relationship_would_win(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    project([entity("a"), entity("b"), edge("e", "a", "b", 3, confidence=0.3)], projection)
    project([edge("e", "a", "b", 2, confidence=0.2)], projection)
    assert confidence_of(graph, "e") == 0.3
    update = projection_cypher.update
    assert "r._v < row[6] AND" in update("KNOWS")
    monkeypatch.setattr(
        projection_cypher, "update", lambda name: update(name).replace("r._v < row[6] AND", "")
    )
    project([edge("e", "a", "b", 2, confidence=0.2)], projection)
    assert confidence_of(graph, "e") == 0.2


def test_without_tombstones_the_dead_would_come_back(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        projection_cypher, "BURY", "UNWIND $rows AS row WITH row, $of AS of RETURN row, of"
    )
    project([entity("a"), deleted("entities", "a", 2)], projection)
    project([entity("a")], projection)
    assert name_of(graph, "a") is not None


def test_a_batch_is_applied_whole_or_not_at_all(
    graph: GraphDatabase, projection: Neo4jProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_cypher, "ADVANCE", "RETURN 1 / 0, $xid, $row")
    from neo4j.exceptions import Neo4jError  # noqa: PLC0415 - this test alone

    with pytest.raises(Neo4jError):
        project([entity("a")], projection)
    assert name_of(graph, "a") is None
    assert projection.position() == (0, 0)


def test_a_batch_takes_few_statements_however_large_it_is(
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
    assert project(later, projection) == Applied(200, 199, 0)
    assert len(count) <= 4
