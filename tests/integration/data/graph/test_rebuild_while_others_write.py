"""A rebuild while rows are deleted, changed and carried."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from groundwork_data.graph import bulk
from groundwork_data.graph import rebuild as rebuilding
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.expected_rows import ExpectedRows, Stage
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.rebuild import rebuild
from groundwork_data.graph.verify import verify

from ...functions.graph_api.conftest import Api
from .changes_by_hand import ADA
from .verifying import drift, relationships

pytestmark = pytest.mark.usefixtures("small_slices")


def test_a_rebuild_brings_nothing_back_that_was_deleted_meanwhile(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice is read; then the entity is deleted, and the relay says so; then it is written."""
    graph.run("MATCH (n:Entity|Tombstone) DETACH DELETE n")
    between = ActualRows.between
    writer = Api(api.wiring)

    def delete_then_read(actual: ActualRows, *given: Any) -> Any:
        writer.sql("DELETE FROM entities WHERE name = 'Ada' RETURNING id")
        writer.relay()
        return between(actual, *given)

    monkeypatch.setattr(ActualRows, "between", delete_then_read)
    with closing(writer.database):  # verify reads slices too, and so opens it again
        rebuild(api.database, graph)
        assert graph.run(ADA + "RETURN n") == []
        assert verify(api.database, graph).ok


def test_without_the_look_at_tombstones_a_rebuild_brings_a_deleted_node_back(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ExpectedRows(api.database).among("entities", [known["Ada"]])[known["Ada"]]
    api.sql("DELETE FROM entities WHERE name = 'Ada' RETURNING id")
    api.relay()
    waiting = ExpectedRows(api.database).waiting
    assert bulk.create(graph, Stage("entities"), [row], waiting) == [known["Ada"]]
    assert graph.run(ADA + "RETURN n") == []
    monkeypatch.setattr(bulk, "DEAD", "UNWIND $ids AS id WITH id WHERE false RETURN id")
    bulk.create(graph, Stage("entities"), [row], waiting)
    assert len(graph.run(ADA + "RETURN n")) == 1


def rebuild_while_a_new_type_is_on_its_way(api: Api, graph: GraphDatabase) -> None:
    """The relay has yet to say that something COVERS, and then that it is ABOUT."""
    graph.run("MATCH (n:Entity|Tombstone) DETACH DELETE n")
    api.sql(
        "INSERT INTO relationships (from_id, type, to_id) SELECT a.id, 'COVERS', b.id"
        " FROM entities a, entities b WHERE a.name = 'Ada' AND b.name = 'Dust' RETURNING id"
    )
    api.sql("UPDATE relationships SET type = 'ABOUT' WHERE version = 1 AND type = 'COVERS'"
            " AND from_id = (SELECT id FROM entities WHERE name = 'Ada') RETURNING id")  # fmt: skip
    rebuild(api.database, graph)
    api.relay(limit=1)


def test_a_relationship_whose_new_type_is_pending_is_not_doubled(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    rebuild_while_a_new_type_is_on_its_way(api, graph)
    assert relationships(graph) == 45
    assert verify(api.database, graph).ok


def test_without_the_look_at_pending_rows_a_relationship_of_two_types_is_doubled(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groundwork_data.graph.expected_rows.ExpectedRows.waiting", lambda *_: set()
    )
    rebuild_while_a_new_type_is_on_its_way(api, graph)
    monkeypatch.undo()
    assert drift(api.database, graph) == {("relationships", "duplicate")}


def test_rows_that_the_relay_creates_during_a_rebuild_fail_no_batch(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.run("MATCH (n:Entity|Tombstone) DETACH DELETE n")
    monkeypatch.setattr(rebuilding, "SLICE", 20)
    forced: list[str] = []
    force = Neo4jProjection.force

    def counting(projection: Neo4jProjection, what: str, ids: list[str], expected: Any) -> None:
        forced.extend(ids)
        force(projection, what, ids, expected)

    monkeypatch.setattr(Neo4jProjection, "force", counting)

    def link_the_last(check: Check) -> None:
        if check.report.entities == 44 and check.place.stage == Stage("entities"):
            api.sql(
                "INSERT INTO relationships (from_id, type, to_id) SELECT a.id, 'KNOWS', b.id"
                " FROM entities a, entities b WHERE a.name = 'Fan 39' AND b.name = 'Dust'"
                " RETURNING id"
            )
            api.relay()

    rebuild(api.database, graph, remember=link_the_last)
    assert len(forced) == 1
    assert verify(api.database, graph).ok
