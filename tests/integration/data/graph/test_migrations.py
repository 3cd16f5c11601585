"""Migrations of the graph: applied once, by one process at a time, and never changed after."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.migrations import (
    AppliedMigrations,
    ChangedMigration,
    IrreversibleMigration,
    migrate,
    read,
)

DATA_STEP = """
// A step over data, in batches.
UNWIND range(1, 2500) AS i
CALL (i) { CREATE (:Sample {i: i}) } IN TRANSACTIONS OF 1000 ROWS;
"""


NAMES = ("9001_sample", "9002_data")
NOTHING = AppliedMigrations((), ())
REAL = Path(__file__).parents[4] / "migrations" / "graph"


@pytest.fixture
def folder(tmp_path: Path, graph: GraphDatabase) -> Iterator[Path]:
    """Two migrations with numbers that no real one has."""
    (tmp_path / "9001_sample.cypher").write_text(
        "CREATE INDEX sample_i IF NOT EXISTS FOR (n:Sample) ON (n.i);\n"
    )
    (tmp_path / "9002_data.cypher").write_text(DATA_STEP)
    yield tmp_path
    graph.run("MATCH (m:Migration) WHERE m.number >= 9000 DELETE m")
    graph.run("MATCH (n:Sample) DETACH DELETE n")
    graph.run("DROP INDEX sample_i IF EXISTS")


def samples(graph: GraphDatabase) -> int:
    return int(graph.run("MATCH (n:Sample) RETURN count(n) AS n")[0]["n"])


def test_migrations_are_applied_in_order_and_once(graph: GraphDatabase, folder: Path) -> None:
    assert migrate(graph, folder).applied == NAMES
    assert migrate(graph, folder) == NOTHING
    assert samples(graph) == 2500


def test_two_migrators_at_once_apply_each_step_once(graph: GraphDatabase, folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: migrate(graph, folder), range(2)))
    assert sorted(one.applied for one in done) == [(), NAMES]
    assert samples(graph) == 2500


def test_without_the_lock_two_migrators_apply_a_step_twice(
    graph: GraphDatabase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_data.graph.migrations.LOCK", "RETURN 1")

    def outcome(_: int) -> object:
        try:
            return migrate(graph, folder)
        except Exception as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(outcome, range(2)))
    assert samples(graph) > 2500 or NOTHING not in done


def test_a_migration_that_was_changed_is_refused(graph: GraphDatabase, folder: Path) -> None:
    migrate(graph, folder)
    (folder / "9002_data.cypher").write_text("CREATE (:Sample {i: 0});")
    with pytest.raises(ChangedMigration, match="9002_data"):
        migrate(graph, folder)


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.cypher").write_text("RETURN 1;")
    (tmp_path / "0001_b.cypher").write_text("RETURN 1;")
    with pytest.raises(ValueError, match="same number"):
        read(tmp_path)


def schema(graph: GraphDatabase) -> set[str]:
    rows = graph.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")
    return {row["name"] for row in rows}


def test_every_graph_migration_can_be_undone_and_applied_again(graph: GraphDatabase) -> None:
    full = schema(graph)
    names = tuple(migration.name for migration in read(REAL))
    try:
        assert migrate(graph, REAL, target=0) == AppliedMigrations((), names[::-1])
        assert not schema(graph) & {"entity_id", "tombstone_id", "awaited_id", "projection_name"}
        assert migrate(graph, REAL, target=0) == NOTHING
    finally:
        assert migrate(graph, REAL).applied == names
    assert schema(graph) == full


def test_going_back_stops_at_the_number_that_is_asked_for(
    graph: GraphDatabase, folder: Path
) -> None:
    (folder / "9002_data.down.cypher").write_text("MATCH (n:Sample) DETACH DELETE n;")
    migrate(graph, folder)
    assert migrate(graph, folder, target=9001) == AppliedMigrations((), ("9002_data",))
    assert samples(graph) == 0
    assert "sample_i" in schema(graph)
    assert migrate(graph, folder, target=9001) == NOTHING
    assert migrate(graph, folder).applied == ("9002_data",)


def test_no_migration_is_undone_if_one_of_them_is_irreversible(
    graph: GraphDatabase, folder: Path
) -> None:
    (folder / "9002_data.down.cypher").write_text("MATCH (n:Sample) DETACH DELETE n;")
    migrate(graph, folder)
    with pytest.raises(IrreversibleMigration, match="9001"):
        migrate(graph, folder, target=9000)
    assert samples(graph) == 2500
    assert migrate(graph, folder) == NOTHING
