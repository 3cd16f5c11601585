"""`groundwork graph rebuild --offline` may be killed at any moment."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from groundwork_command.instance import project
from groundwork_command.instance.new_store import make_store
from groundwork_command.instance.schema import migrate
from groundwork_command.services import neo4j_folders
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.verify import no_progress, verify
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs

from ...instances import COMMAND, new_home, run
from ...waiting import eventually
from .offline import LINKS, WORLD, checked, served, store

pytestmark = pytest.mark.long


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


def test_the_run_after_a_kill_completes_the_rebuild(own: Path) -> None:
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


def test_postgres_lost_after_the_switch_costs_only_repeated_work(
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
