"""`groundwork graph rebuild --offline`: whole, exact, and safe to kill at any moment."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from groundwork_command.instance import new_store, project
from groundwork_command.instance.new_store import make_store
from groundwork_command.instance.schema import migrate
from groundwork_command.services import neo4j_folders
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import ServiceError
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_data.graph import complete_import, export_sql
from groundwork_data.graph import export as exporting
from groundwork_data.graph.drift import Report
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.relay_pause import RelayPause
from groundwork_data.graph.verify import no_progress, verify
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.graph_rounds import PostgresGraphRounds
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ..instances import COMMAND, new_home, run
from ..waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

WORLD = """
INSERT INTO entities (name, type, key, aliases) SELECT
    CASE i %% 7 WHEN 0 THEN E'two\\nlines ' WHEN 1 THEN '"; \\ ' ELSE '' END || 'Name ' || i,
    (ARRAY['person', 'topic', 'website', 'other'])[1 + i %% 4], 'key:' || i,
    CASE i %% 3 WHEN 0 THEN ARRAY['', 'x;y', E'\\x1f'] WHEN 1 THEN ARRAY['Ä', NULL, '"']
        ELSE '{}' END
FROM generate_series(1, %(entities)s) i
"""
LINKS = """
INSERT INTO relationships (from_id, to_id, type, confidence, valid_from, valid_to)
SELECT a.id, b.id, (ARRAY['KNOWS', 'COVERS', 'OWNS'])[1 + (a.n + b.n) %% 3], random(),
    CASE WHEN a.n %% 2 = 0 THEN timestamptz '1815-12-10 01:02:03.456789+00' END,
    CASE a.n %% 3 WHEN 0 THEN 'infinity' WHEN 1 THEN timestamptz '2031-01-01' END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM entities) a
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM entities) b ON b.n - a.n IN (1, 5, 11)
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A world with texts and moments of every kind."""
    with closing(Database(database_url, application_name="test")) as found:
        found.rows(WORLD, {"entities": 300})
        found.rows(LINKS, {})
        yield found


@pytest.fixture
def home() -> Iterator[Home]:
    with new_home() as folder:
        found = Home(folder)
        found.prepare()
        yield found


@contextmanager
def served(home: Home) -> Iterator[GraphDatabase]:
    neo4j = Neo4j(home, "no archive")
    at = neo4j.start(lambda _line: None)
    try:
        with closing(GraphDatabase(at["NEO4J_URI"], "neo4j", at["NEO4J_PASSWORD"])) as graph:
            yield graph
    finally:
        neo4j.stop()


def make(home: Home, url: str, progress: Callable[[str, int, int], None] = no_progress) -> None:
    make_store(home, url, project.migrations(), Memory(), progress)


def relay(database: Database, graph: GraphDatabase, limit: int) -> None:
    destination = GraphDestination(Neo4jProjection(graph))
    while PostgresBacklogs(database).of("graph").waiting:
        if not carry(destination, PostgresUnitOfWork(database), limit=limit).rows:
            time.sleep(0.05)  # a transaction elsewhere still holds the horizon back


def checked(home: Home, database: Database) -> Report:
    """Serve the new store, bring what waits row by row as far as it matters, and compare."""
    with served(home) as graph:
        relay(database, graph, limit=25)
        return verify(database, graph)


def backlog(database: Database) -> None:
    """Leave changes for the relay: a relationship's new type, and a created and deleted entity."""
    database.rows("UPDATE relationships SET confidence = 0.5 WHERE type = 'OWNS'")
    database.rows("UPDATE relationships SET type = 'ABOUT' WHERE type = 'OWNS'")
    database.rows("INSERT INTO entities (name, type, key) VALUES ('Brief', 'topic', 'brief')")
    database.rows("DELETE FROM entities WHERE key = 'brief'")


def test_a_graph_made_offline_is_what_postgres_says(
    home: Home, database: Database, database_url: str
) -> None:
    backlog(database)
    changed = False

    def change_meanwhile(what: str, _done: int, _all: int) -> None:
        nonlocal changed
        if what == "import" and not changed:
            changed = True
            database.rows("UPDATE entities SET name = 'Meanwhile' WHERE key = 'key:8'")
            database.rows("DELETE FROM entities WHERE key = 'key:7'")
            database.rows("INSERT INTO entities (name, type) VALUES ('New', 'topic')")

    make(home, database_url, change_meanwhile)
    found = checked(home, database)
    assert (found.by_kind(), found.ok) == (Report().by_kind(), True)
    assert found.entities == 300


def drift_after_making(home: Home, database: Database, url: str) -> dict[str, int]:
    """Return the metric of drift after a store with drift was replaced by a new one."""
    rounds = PostgresGraphRounds(database)
    rounds.compared({"missing": 7})
    make(home, url)
    return {kind: count for kind, count in rounds.verdict().drift.items() if count}


def test_the_metric_of_drift_is_zero_after_an_offline_rebuild(
    home: Home, database: Database, database_url: str
) -> None:
    assert drift_after_making(home, database, database_url) == {}


def test_without_the_record_of_a_repair_the_old_drift_is_still_reported(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_store, "_record_no_drift", lambda _: None)
    assert drift_after_making(home, database, database_url) == {"missing": 7}


def test_without_the_place_of_the_snapshot_a_change_is_lost(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advance_to_now(still: RelayPause, _horizon: int) -> None:
        row = database.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        advance(still, row[0] if row else 0)

    def change_at_the_end(what: str, done: int, all_: int) -> None:
        if what == "constraints" and done == all_:
            database.rows("UPDATE entities SET name = 'Meanwhile' WHERE key = 'key:8'")

    advance = RelayPause.advance
    monkeypatch.setattr(RelayPause, "advance", advance_to_now)
    make(home, database_url, change_at_the_end)
    assert {kind for kind, count in checked(home, database).by_kind().items() if count} == {"stale"}


def test_without_tombstones_a_relationship_of_two_types_comes_twice(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind the switch, it does not move the place; the relay brings all once more."""
    monkeypatch.setattr(RelayPause, "advance", lambda *_: None)
    none = export_sql.TOMBSTONES.replace("outbox o,", "(SELECT * FROM outbox WHERE false) o,")
    monkeypatch.setattr(export_sql, "TOMBSTONES", none)
    backlog(database)
    make(home, database_url)
    assert checked(home, database).by_kind()["duplicate"]


def test_with_tombstones_all_may_be_brought_once_more(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RelayPause, "advance", lambda *_: None)
    backlog(database)
    make(home, database_url)
    assert checked(home, database).ok


def lose_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    export = exporting.export

    def losing(*given: object) -> exporting.Exported:
        exported = export(*given)  # type: ignore[arg-type]
        piece = max(exported.files.relationships, key=lambda path: path.stat().st_size)
        piece.write_text("".join(piece.read_text().splitlines(keepends=True)[1:]))
        return exported

    monkeypatch.setattr(exporting, "export", losing)


def test_a_store_that_lacks_something_is_never_switched_to(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = home.folder("neo4j") / "old"
    old.touch()
    lose_a_line(monkeypatch)
    with pytest.raises(ServiceError, match="lost something"):
        make(home, database_url)
    assert old.exists()
    assert [path.name for path in home.path.glob("neo4j*")] == ["neo4j"]


def test_without_counting_it_would_be(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_line(monkeypatch)
    monkeypatch.setattr(complete_import, "_check_counts", lambda *_: None)
    make(home, database_url)
    assert checked(home, database).by_kind()["missing"] == 1


# The command, with everything embedded


@pytest.fixture(scope="module")
def own() -> Iterator[Path]:
    """The state folder of a stopped instance: a larger world in Postgres, a mark in the graph."""
    with new_home() as folder:
        home = Home(folder)
        home.prepare()
        postgres, neo4j = Postgres(home, {"fsync": "off"}), Neo4j(home, "no archive")
        addresses = {**postgres.start(lambda _line: None), **neo4j.start(lambda _line: None)}
        try:
            migrate(addresses, project.migrations())
            with closing(Database(addresses["DATABASE_URL"], application_name="test")) as database:
                database.rows(WORLD, {"entities": 30_000})
                database.rows(LINKS, {})
            with closing(
                GraphDatabase(addresses["NEO4J_URI"], "neo4j", addresses["NEO4J_PASSWORD"])
            ) as graph:
                graph.run("CREATE (:Entity {id: 'the old graph'})")
        finally:
            neo4j.stop()
            postgres.stop()
        yield folder


def store(folder: Path) -> dict[str, tuple[int, int]]:
    """The old store's files, with size and time of change."""
    root = folder / "neo4j" / "data" / "databases"
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize("step", ["exporting", "importing", "serving the draft"])
def test_a_kill_leaves_the_old_graph_as_it_was(own: Path, step: str) -> None:
    mark = {
        "exporting": own / "neo4j.draft" / "csv" / "relationships-0.csv",
        "importing": own / "neo4j.draft" / "data" / "databases" / "neo4j",
        "serving the draft": own / "neo4j.draft" / "conf" / "neo4j.conf",
    }[step]
    before = store(own)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [COMMAND, "graph", "rebuild", "--offline"],
            env={**os.environ, "GROUNDWORK_HOME": str(own)},
            stdout=said,
            stderr=said,
        )
        assert eventually(mark.exists, within_seconds=60), step
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert store(own) == before
    assert not (own / "neo4j.next").exists()


def test_the_next_run_finishes_and_the_graph_is_whole(own: Path) -> None:
    environment = {"GROUNDWORK_HOME": str(own)}
    done = run("graph", "rebuild", "--offline", "--json", environment=environment)
    report = json.loads(done.stdout)
    assert (report["entities"], report["relationships"]) == (30_000, 89_983)
    assert report["steps"].keys() >= {"export", "import", "constraints", "switch"}
    home = Home(own)
    postgres = Postgres(home)
    url = postgres.start(lambda _line: None)["DATABASE_URL"]
    try:
        with closing(Database(url, application_name="test")) as database:
            assert checked(home, database).ok
    finally:
        postgres.stop()


def test_postgres_lost_behind_the_switch_costs_work_only(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(own)
    postgres = Postgres(home)
    switch = neo4j_folders.switch

    def switch_and_lose(home: Home) -> None:
        switch(home)
        postgres.stop()

    monkeypatch.setattr(neo4j_folders, "switch", switch_and_lose)
    url = postgres.start(lambda _line: None)["DATABASE_URL"]
    with closing(Database(url, application_name="test")) as database:
        database.rows("UPDATE entities SET name = 'Changed' WHERE key = 'key:8'")
    made = make_store(home, url, project.migrations(), Memory(), no_progress)
    assert (made.unrecorded, made.entities) == (True, 30_000)
    url = postgres.start(lambda _line: None)["DATABASE_URL"]
    try:
        with closing(Database(url, application_name="test")) as database, served(home) as graph:
            assert PostgresBacklogs(database).of("graph").waiting
            assert verify(database, graph).ok
    finally:
        postgres.stop()


def test_verify_notices_an_incomplete_store_that_is_named_as_complete(
    home: Home, database: Database, database_url: str
) -> None:
    """The name alone says that a store is whole; given to what is not, verify says so."""
    make(home, database_url)  # nothing waits in the outbox from here on
    Neo4j(home, "no archive", folder="neo4j.draft").prepare()
    (home.path / "neo4j.draft").rename(home.path / "neo4j.next")
    with served(home) as graph:
        found = verify(database, graph).by_kind()
    assert found["missing"] > 300  # entities and what is between them


def test_it_refuses_while_its_neo4j_runs_or_is_not_ours(home: Home) -> None:
    environment = {"GROUNDWORK_HOME": str(home.path)}
    elsewhere = {**environment, "NEO4J_URI": "bolt://127.0.0.1:1"}
    refused = run("graph", "rebuild", "--offline", environment=elsewhere, expect=1)
    assert "Leave out --offline" in refused.stderr
    home.acquire()
    try:
        refused = run("graph", "rebuild", "--offline", environment=environment, expect=1)
    finally:
        home.release()
    assert "groundwork down" in refused.stderr
