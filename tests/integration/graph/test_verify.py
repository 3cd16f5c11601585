"""Drift is found and healed; a busy system is no drift."""

import threading
from collections.abc import Mapping

import pytest

from groundwork_data.graph import verify as module
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.verify import Drift, rebuild, repair, verify
from groundwork_data.postgres.database import Database

from .conftest import Api


@pytest.fixture
def graph(api: Api) -> GraphDatabase:
    return api.wiring.graph


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 10)
    monkeypatch.setattr(module, "REPAIR_BATCH", 3)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)


def drift(database: Database, graph: GraphDatabase) -> set[tuple[str, str]]:
    return {(one.aggregate, one.kind) for one in verify(database, graph).drift}


def test_a_graph_that_agrees_is_said_to(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    report = verify(api.database, graph)
    assert report.ok
    assert (report.entities, report.relationships) == (44, 44)


HARM = {
    "a property changed": (
        "MATCH (n:Entity {name: 'Ada'}) SET n.name = 'Eve'",
        ("entities", "different"),
    ),
    "a property added": (
        "MATCH (n:Entity {name: 'Ada'}) SET n.colour = 'red'",
        ("entities", "different"),
    ),
    "a label removed": (
        "MATCH (n:Person {name: 'Ada'}) REMOVE n:Person",
        ("entities", "different"),
    ),
    "a label added": ("MATCH (n:Person {name: 'Ada'}) SET n:Admin", ("entities", "different")),
    "a version from the future": (
        "MATCH (n:Entity {name: 'Ada'}) SET n._v = 99, n.name = 'later'",
        ("entities", "different"),
    ),
    "an entity removed": (
        "MATCH (n:Entity {name: 'Ada'}) DETACH DELETE n",
        ("entities", "missing"),
    ),
    "an entity added": (
        "CREATE (:Entity:Person {id: '99999999-0000-7000-8000-000000000000', name: 'x', _v: 1})",
        ("entities", "extra"),
    ),
    "an entity buried": (
        "MATCH (n:Entity {name: 'Ada'}) WITH n, n.id AS id DETACH DELETE n"
        " CREATE (:Tombstone {id: id, _v: 50})",
        ("entities", "missing"),
    ),
    "a relationship changed": (
        "MATCH ()-[r:COVERS]->() SET r.confidence = 0.1",
        ("relationships", "different"),
    ),
    "a relationship removed": ("MATCH ()-[r:COVERS]->() DELETE r", ("relationships", "missing")),
    "a relationship turned round": (
        "MATCH (a)-[r:COVERS]->(b) WITH a, b, r, properties(r) AS p DELETE r WITH a, b, p"
        " CREATE (b)-[s:COVERS]->(a) SET s = p",
        ("relationships", "different"),
    ),
    "a relationship doubled under another type": (
        "MATCH (a)-[r:COVERS]->(b) CREATE (a)-[s:`by hand`]->(b) SET s = properties(r)",
        ("relationships", "different"),
    ),
    "a relationship added": (
        "MATCH (a:Entity {name: 'Ada'}), (b:Entity {name: 'Dust'}) CREATE (a)-[:KNOWS"
        " {id: '99999999-0000-7000-8000-000000000000', _v: 1, confidence: 1.0}]->(b)",
        ("relationships", "extra"),
    ),
}


@pytest.mark.parametrize("name", HARM)
def test_what_was_changed_by_hand_is_found_and_healed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], name: str
) -> None:
    harm, expected = HARM[name]
    graph.run(harm)
    assert expected in drift(api.database, graph)
    assert not repair(api.database, graph).ok
    assert verify(api.database, graph).ok
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    api.relay()
    assert verify(api.database, graph).ok


def test_what_has_no_id_is_found_and_removed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("CREATE (:Stray)-[:HANGS]->(:Entity {name: 'nobody'})")
    assert verify(api.database, graph).nameless == 3
    repair(api.database, graph)
    assert verify(api.database, graph).ok


def test_what_the_relay_has_not_carried_yet_is_late_and_no_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKS", 3)
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    report = verify(api.database, graph)
    assert (report.ok, report.waiting) == (True, 1)


def test_without_looking_at_what_waits_late_would_be_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_data.graph.truth.Truth.waiting", lambda *_: set())
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    assert verify(api.database, graph).drift == [Drift("entities", known["Ada"], "different")]


def test_a_busy_system_raises_no_false_alarm(
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
    told: list[str] = []
    report = rebuild(
        api.database, graph, lambda what, done, all_: told.append(f"{what} {done}/{all_}")
    )
    assert (report.entities, report.relationships) == (44, 44)
    assert told[-1] == "relationships 44/44"
    assert verify(api.database, graph).ok
