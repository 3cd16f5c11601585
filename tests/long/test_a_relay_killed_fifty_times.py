"""Fifty kills of the relay and two restarts of Neo4j while eight writers make 20,000 changes."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import neo4j as library
import pytest

from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.migrations import migrate

from ..conftest import MIGRATIONS, Graph
from ..faults.killed_relay import Plan, carry_through

pytestmark = pytest.mark.long


class OwnNeo4j:
    """A Neo4j that this test may kill."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.prepare()
        self._service = Neo4j(home, "no archive")

    def start(self) -> Mapping[str, str]:
        return self._service.start(lambda _line: None)

    def stop(self) -> None:
        self._service.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill_and_start(self) -> None:
        (pid,) = self._service.pids
        os.kill(pid, signal.SIGKILL)
        self.restart()


@pytest.fixture
def own() -> Iterator[OwnNeo4j]:
    folder = Path(tempfile.mkdtemp(prefix="groundwork-killed-"))
    service = OwnNeo4j(folder)
    yield service
    service.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def graph(own: OwnNeo4j) -> Iterator[Graph]:
    address = own.start()
    uri, user, password = (address[f"NEO4J_{name}"] for name in ("URI", "USER", "PASSWORD"))
    database = GraphDatabase(uri, user, password)
    migrate(database, MIGRATIONS / "graph")
    database.close()
    with library.GraphDatabase.driver(
        uri, auth=(user, password), telemetry_disabled=True, notifications_min_severity="OFF"
    ) as driver:
        yield Graph(uri, user, password, driver)


def test_after_fifty_kills_of_the_relay_both_stores_are_equal_and_no_version_went_back(
    database_url: str, own: OwnNeo4j, graph: Graph, tmp_path: Path
) -> None:
    plan = Plan(
        changes=20_000,
        kills=50,
        seconds=170,
        rows_a_batch=100,
        promise_seconds=2.0,
        meanwhile=(own.restart, own.kill_and_start),
    )
    outcome = carry_through(plan, database_url, graph, tmp_path)
    assert outcome.differences == []
    assert outcome.went_back == []
    assert outcome.verified
