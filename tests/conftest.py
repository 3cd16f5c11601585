"""Real services for the tests: started once per run, or taken from a warm set.

Keep a set warm while you work, so that a run starts at once:

    .venv/bin/python -m groundwork_command.services /tmp/warm /tmp/warm.json &
    GROUNDWORK_TEST_SERVICES=/tmp/warm.json .venv/bin/pytest tests/integration

Runs share a warm set without meeting each other: each has its own databases and queue names, and
a test that uses the graph holds a lock on it.
"""

import fcntl
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

from groundwork_command.services.__main__ import throwaway
from groundwork_command.services.home import Home

if TYPE_CHECKING:
    import neo4j as neo4j_driver

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations"
MEMORY_BYTES = 3 * 1024**3
"""A worker fills 0.1 GiB at most; its services and the tests themselves need the rest."""
WARM_SERVICES = "GROUNDWORK_TEST_SERVICES"
COPY = "STRATEGY file_copy"
"""Takes half of the CPU of the usual strategy, which writes every page to the log as well."""
WIPE = "MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock DETACH DELETE n"


ONE_PROCESS = "tests/e2e/"
"""All files of this folder share an instance, which takes a quarter of a minute to start."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """With `--dist loadfile`, give all files of `ONE_PROCESS` to the same process."""
    # Only the controlling process needs it.
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # noqa: PLC0415

    class ByInstance(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(ONE_PROCESS):
                return ONE_PROCESS
            return str(super()._split_scope(nodeid))

    return ByInstance(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def services() -> Iterator[Mapping[str, str]]:
    """Addresses of real services, as environment variables: DATABASE_URL, NEO4J_URI, …"""
    warm = os.environ.get(WARM_SERVICES)
    if warm:
        yield json.loads(Path(warm).read_text())
        return
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-tests-", dir=_memory()))
    supervisor = throwaway(Home(folder))
    try:
        yield supervisor.start(lambda _name, _line: None)
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """Return a folder in memory if there is enough of it; None: use the disk.

    Each test has a database of its own, of 700 files: on a disk they take longer to make than most
    tests take.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of a made-up name within it
    if not os.access(memory, os.W_OK):
        return None
    free = min(shutil.disk_usage(memory).free, psutil.virtual_memory().available)
    return memory if free > MEMORY_BYTES else None


# Postgres


@pytest.fixture(scope="session")
def server_url(services: Mapping[str, str]) -> str:
    """A database to connect to for making others."""
    return services["DATABASE_URL"]


@pytest.fixture(scope="session")
def empty_database(server_url: str) -> Iterator[str]:
    """A database of this run without any table."""
    with _database(server_url, f"gw_empty_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a migrated database, to make copies of; nobody may stay connected to it."""
    from groundwork_data.postgres.migrations import migrate  # noqa: PLC0415 - loads alembic

    name = f"gw_template_{uuid.uuid4().hex[:12]}"
    with _database(server_url, name) as url:
        migrate(url, MIGRATIONS / "postgres")
        yield name


@pytest.fixture
def database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A freshly migrated database of this test alone (about 50 ms of CPU)."""
    name = f"gw_test_{uuid.uuid4().hex[:12]}"
    with _database(server_url, name, template=migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database of one test module."""
    name = f"gw_module_{uuid.uuid4().hex[:12]}"
    with _database(server_url, name, template=migrated_template) as url:
        yield url


class _database:  # noqa: N801 - reads like a function
    """A database for the length of a `with` block."""

    def __init__(self, server_url: str, name: str, template: str = "template0") -> None:
        self._server_url, self._name, self._template = server_url, name, template

    def __enter__(self) -> str:
        self._run(f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}" {COPY}')
        return self._server_url.rsplit("/", 1)[0] + "/" + self._name

    def __exit__(self, *_: object) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(statement)


# Neo4j


@dataclass(frozen=True)
class Graph:
    """An empty graph and how to reach it."""

    uri: str
    user: str
    password: str
    driver: "neo4j_driver.Driver"


@pytest.fixture(scope="session")
def graph_driver(services: Mapping[str, str]) -> Iterator["neo4j_driver.Driver"]:
    """One driver for the run; tests take the fixture `neo4j`."""
    import neo4j as library  # noqa: PLC0415 - 0.6 s that only graph tests pay

    with library.GraphDatabase.driver(
        services["NEO4J_URI"],
        auth=(services["NEO4J_USER"], services["NEO4J_PASSWORD"]),
        telemetry_disabled=True,
        notifications_min_severity="OFF",
    ) as driver:
        yield driver


@pytest.fixture
def neo4j(
    services: Mapping[str, str],
    graph_driver: "neo4j_driver.Driver",
    graph_migrations: Callable[[], None],
) -> Iterator[Graph]:
    """A migrated graph without nodes, for one test at a time."""
    with empty_graph(services, graph_driver, graph_migrations) as graph:
        yield graph


@contextmanager
def empty_graph(
    services: Mapping[str, str],
    graph_driver: "neo4j_driver.Driver",
    graph_migrations: Callable[[], None],
) -> Iterator[Graph]:
    """Hold the graph of the run, emptied, for the length of a `with` block."""
    port = services["NEO4J_URI"].rsplit(":", 1)[1]
    with (Path(tempfile.gettempdir()) / f"groundwork-graph-{port}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        graph_driver.execute_query(WIPE)
        graph_migrations()
        yield Graph(
            services["NEO4J_URI"],
            services["NEO4J_USER"],
            services["NEO4J_PASSWORD"],
            graph_driver,
        )


@pytest.fixture(scope="session")
def graph_migrations(
    services: Mapping[str, str], graph_driver: "neo4j_driver.Driver"
) -> Callable[[], None]:
    """Migrate the graph at the first call of a run, and after a test that undid it."""
    from groundwork_data.graph.migrations import read  # noqa: PLC0415 - graph tests alone

    wanted = len(read(MIGRATIONS / "graph"))
    checked = False

    def ensure() -> None:
        nonlocal checked
        found = graph_driver.execute_query("MATCH (m:Migration) RETURN count(m)").records[0][0]
        if not checked or found != wanted:
            _migrate_graph(services, graph_driver)
            checked = True

    return ensure


def _migrate_graph(services: Mapping[str, str], driver: "neo4j_driver.Driver") -> None:
    """Apply what is missing. A warm graph that saw an earlier draft of a file starts anew."""
    from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - as above
    from groundwork_data.graph.migrations import ChangedMigration, migrate  # noqa: PLC0415

    graph = GraphDatabase(services["NEO4J_URI"], services["NEO4J_USER"], services["NEO4J_PASSWORD"])
    try:
        migrate(graph, MIGRATIONS / "graph")
    except ChangedMigration:
        for kind, listed in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
            found = driver.execute_query(f"SHOW {listed} YIELD name, type RETURN *").records
            for row in found:
                if row["type"] != "LOOKUP":
                    driver.execute_query(f"DROP {kind} `{row['name']}` IF EXISTS")
        driver.execute_query("MATCH (n) DETACH DELETE n")
        migrate(graph, MIGRATIONS / "graph")
    finally:
        graph.close()


# The AWS emulator


@dataclass(frozen=True)
class Emulator:
    """The emulator and a prefix for names, so that tests do not meet."""

    endpoint: str
    prefix: str
    access_key_id: str = "test"
    """The access key that its gate accepts; an emulator without a gate accepts any."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of a client of the emulator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.access_key_id,
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of a service."""
        from localstack_client.session import Session  # noqa: PLC0415 - loads boto3

        session = Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.access_key_id,
            region_name="eu-central-1",
            localstack_host=self.endpoint.removeprefix("http://"),
        )
        return session.client(service)

    def queue(self, name: str, **attributes: str) -> str:
        """Make a queue and return its URL."""
        made = self.client("sqs").create_queue(
            QueueName=f"{self.prefix}-{name}", Attributes=attributes
        )
        return str(made["QueueUrl"])


@pytest.fixture
def emulator(services: Mapping[str, str]) -> Iterator[Emulator]:
    """The emulator with names of this test's own; its queues and secrets are removed after."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    yielded = Emulator(services["AWS_ENDPOINT_URL"], prefix, services["AWS_ACCESS_KEY_ID"])
    yield yielded
    sqs = yielded.client("sqs")
    for url in sqs.list_queues(QueueNamePrefix=yielded.prefix).get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
