"""Verify finds drift and repair corrects it; changes that are on their way are no drift."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import pytest

from groundwork_data.graph import bulk, slices
from groundwork_data.graph import rebuild as rebuilding
from groundwork_data.graph import repair as repairing
from groundwork_data.graph import verify as module
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check
from groundwork_data.graph.drift import Drift
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.expected_rows import ExpectedRows, Stage
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.rebuild import rebuild
from groundwork_data.graph.repair import repair
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database

from ...functions.graph_api.conftest import Api
from .changes_by_hand import ADA, CHANGES, NEW


@pytest.fixture
def graph(api: Api) -> GraphDatabase:
    return api.wiring.graph


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 10)
    monkeypatch.setattr(rebuilding, "SLICE", 10)
    monkeypatch.setattr(module, "AT_ONCE", 7)
    monkeypatch.setattr(module, "TOMBSTONES_AT_ONCE", 3)
    monkeypatch.setattr(repairing, "BATCH", 3)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)


def drift(database: Database, graph: GraphDatabase) -> set[tuple[str, str]]:
    return {(one.aggregate, one.kind) for one in verify(database, graph).drift}


def test_verify_reports_no_drift_of_an_equal_graph(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    report = verify(api.database, graph)
    assert report.ok
    assert (report.entities, report.relationships) == (44, 44)


SOME = ["a name changed", "an entity removed", "a relationship removed"]


@pytest.mark.parametrize("name", SOME)
def test_without_comparing_slices_no_drift_is_found(
    api: Api,
    graph: GraphDatabase,
    known: Mapping[str, str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices.SlicePair, "suspects", lambda _seen: [])
    graph.run(CHANGES[name][0])
    assert verify(api.database, graph).ok


@pytest.mark.parametrize("name", SOME)
def test_without_forcing_what_was_found_nothing_is_healed(
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
def test_what_was_changed_by_hand_is_found_and_healed(
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


def test_a_fraction_of_a_second_before_1970_is_not_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    api.sql("UPDATE relationships SET valid_from = '1815-12-10 01:02:03.456789+00' RETURNING id")
    api.relay()
    assert verify(api.database, graph).ok


def test_what_has_no_id_is_found_and_removed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("CREATE (:Stray)-[:HANGS]->(:Entity {name: 'nobody'})")
    graph.run(ADA + "CREATE (n)-[:KNOWS {id: n.id}]->(:Tombstone {id: $id, _v: 1})", {"id": NEW})
    graph.run("CREATE (:Awaited {id: $id})", {"id": NEW})
    assert verify(api.database, graph).nameless == 5
    repair(api.database, graph)
    assert verify(api.database, graph).ok


def test_what_the_relay_has_not_carried_yet_is_late_and_no_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKS_MAX", 3)
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    report = verify(api.database, graph)
    assert (report.ok, report.waiting) == (True, 1)


def test_without_looking_at_what_waits_late_would_be_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groundwork_data.graph.expected_rows.ExpectedRows.waiting", lambda *_: set()
    )
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    assert verify(api.database, graph).drift == [Drift("entities", known["Ada"], "stale")]


def test_changes_on_their_way_are_not_reported_as_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    ended = threading.Event()
    writer = Api(api.wiring)

    def write() -> None:
        round_ = 0
        while not ended.is_set():
            round_ += 1
            writer.sql(
                "UPDATE entities SET confidence = random() WHERE type = 'person' RETURNING 1"
            )
            writer.sql("UPDATE relationships SET confidence = random() RETURNING 1")
            writer.relay()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            assert verify(api.database, graph).drift == []
    finally:
        ended.set()
        thread.join()
        writer.database.close()
    assert verify(api.database, graph).ok


def test_a_graph_is_built_from_nothing(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock DETACH DELETE n")
    graph.run("CREATE (:Stray)")
    progress: list[str] = []
    report = rebuild(
        api.database, graph, lambda what, done, all_: progress.append(f"{what} {done}/{all_}")
    )
    assert (report.entities, report.relationships) == (44, 44)
    assert progress[-1] == "relationships 44/44"
    assert verify(api.database, graph).ok


def test_a_slice_without_drift_is_read_once(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module, "_check_again", refuse)
    assert verify(api.database, graph).ok


class Killed(Exception):
    pass


def kept_until_killed(
    work: Callable[..., object], api: Api, graph: GraphDatabase, slices: int
) -> Check:
    """Run until so many slices are done, and return what was written down last."""
    kept: list[str] = []

    def remember(check: Check) -> None:
        kept.append(json.dumps(check.as_json()))
        if len(kept) == slices:
            raise Killed

    with pytest.raises(Killed):
        work(api.database, graph, remember=remember)
    return Check.from_json(json.loads(kept[-1]))


def test_a_comparison_that_was_killed_goes_on_where_it_was(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run(ADA + "SET n.name = 'Eve'")
    check = kept_until_killed(verify, api, graph, slices=3)
    # What is behind it is not looked at again; what it suspected there is.
    graph.run("MATCH (n:Entity {name: 'Bell'}) SET n.name = 'Bull'")
    report = verify(api.database, graph, begun=check)
    assert report.drift == [Drift("entities", known["Ada"], "altered")]
    assert (report.entities, report.relationships) == (44, 44)


def test_a_rebuild_that_was_killed_goes_on_where_it_was(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Entity|Tombstone|Awaited) DETACH DELETE n")
    check = kept_until_killed(rebuild, api, graph, slices=7)
    report = rebuild(api.database, graph, begun=check)
    assert (report.entities, report.relationships) == (44, 44)
    assert verify(api.database, graph).ok


def test_readers_see_a_whole_graph_while_it_is_rebuilt(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Person) SET n.confidence = 0.123")
    seen: list[int] = []
    rebuild(api.database, graph, remember=lambda _check: seen.append(relationships(graph)))
    assert set(seen) == {44}
    assert verify(api.database, graph).ok


def test_a_graph_that_is_emptied_first_is_seen_growing(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Entity) DETACH DELETE n")
    seen: list[int] = []
    rebuild(api.database, graph, remember=lambda _check: seen.append(relationships(graph)))
    assert min(seen) == 0


def relationships(graph: GraphDatabase) -> int:
    return int(graph.run("MATCH (:Entity)-[r]->(:Entity) RETURN count(r) AS n")[0]["n"])


@pytest.mark.parametrize(
    "name",
    [name if name in SOME else pytest.param(name, marks=pytest.mark.long) for name in CHANGES],
)
def test_a_rebuild_corrects_what_repair_corrects(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], name: str
) -> None:
    graph.run(CHANGES[name][0])
    rebuild(api.database, graph)
    assert verify(api.database, graph).ok


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


def test_without_looking_at_tombstones_bulk_would_bring_it_back(
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


def test_a_relationship_whose_new_type_is_on_its_way_is_not_doubled(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    rebuild_while_a_new_type_is_on_its_way(api, graph)
    assert relationships(graph) == 45
    assert verify(api.database, graph).ok


def test_without_looking_at_what_waits_it_would_be(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groundwork_data.graph.expected_rows.ExpectedRows.waiting", lambda *_: set()
    )
    rebuild_while_a_new_type_is_on_its_way(api, graph)
    monkeypatch.undo()
    assert drift(api.database, graph) == {("relationships", "duplicate")}


def test_a_part_that_is_missing_is_created_too(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH ()-[r:KNOWS]->() DELETE r")
    rebuild(api.database, graph)
    assert verify(api.database, graph).ok


def test_what_the_relay_creates_meanwhile_spoils_no_batch(
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
