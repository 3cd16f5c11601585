"""Repair heals what verify finds."""

from collections.abc import Mapping

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.repair import repair
from groundwork_data.graph.verify import verify

from ...functions.graph_api.conftest import Api
from .changes_by_hand import ADA, CHANGES, NEW
from .verifying import SOME, drift

pytestmark = pytest.mark.usefixtures("small_slices")


@pytest.mark.parametrize("name", SOME)
def test_unless_found_rows_are_forced_repair_corrects_nothing(
    api: Api,
    graph: GraphDatabase,
    known: Mapping[str, str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Neo4jProjection, "force", lambda *_: None)
    graph.run(CHANGES[name][0])
    repair(api.database, graph)
    assert not verify(api.database, graph).ok


@pytest.mark.parametrize("name", CHANGES)
def test_changes_made_by_hand_are_found_and_repaired(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], name: str
) -> None:
    statement, aggregate, kind = CHANGES[name]
    graph.run(statement)
    assert (aggregate, kind) in drift(api.database, graph)
    assert not repair(api.database, graph).ok
    assert verify(api.database, graph).ok
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    api.relay()
    assert verify(api.database, graph).ok


def test_nodes_and_relationships_without_id_are_found_and_removed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("CREATE (:Stray)-[:HANGS]->(:Entity {name: 'nobody'})")
    graph.run(ADA + "CREATE (n)-[:KNOWS {id: n.id}]->(:Tombstone {id: $id, _v: 1})", {"id": NEW})
    graph.run("CREATE (:Awaited {id: $id})", {"id": NEW})
    assert verify(api.database, graph).nameless == 5
    repair(api.database, graph)
    assert verify(api.database, graph).ok
