"""Real services for the tests: started once per run, or taken from a warm set.

Keep a set warm while you work, so that a run starts at once:

    .venv/bin/python -m groundwork_command.services /tmp/warm /tmp/warm.json &
    GROUNDWORK_TEST_SERVICES=/tmp/warm.json .venv/bin/pytest tests/integration

Runs share a warm set without meeting each other: each has its own databases and queue names, and
a test that uses the graph holds a lock on it.
"""

import fcntl
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import order
from .databases import temporary_database
from .early_services import Services

if TYPE_CHECKING:
    import neo4j as neo4j_driver

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations"
WIPE = "MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock DETACH DELETE n"


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """With `--dist loadfile`, run all files of the instance, and of the graph, in one process."""
    return order.by_service(config, log) if config.getvalue("dist") == "loadfile" else None


LONG_SECONDS = 3_600
"""After which a long test counts as hanging, also on a machine that does much else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests in the order of `order.FIRST`; files stay together and in their order."""
    items.sort(key=lambda item: order.place(item.nodeid))
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


SERVICES = pytest.StashKey[Services]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the services of this process."""
    config.stash[SERVICES] = Services()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start services in the background if a test wants them."""
    if not session.config.option.collectonly:
        wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        session.config.stash[SERVICES].begin(wanted)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for the services before the time limit of the first test that wants them begins."""
    item.config.stash[SERVICES].wait(getattr(item, "fixturenames", ()))
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the services, behind the last fixture that uses them."""
    session.config.stash[SERVICES].stop()


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Addresses of Postgres and the emulator, as environment variables: DATABASE_URL, …"""
    return request.config.stash[SERVICES].addresses("services")


@pytest.fixture(scope="session")
def graph_service(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The address of Neo4j, as environment variables: NEO4J_URI, …"""
    return request.config.stash[SERVICES].addresses("graph_service")


@pytest.fixture(scope="session")
def all_services(
    services: Mapping[str, str], graph_service: Mapping[str, str]
) -> Mapping[str, str]:
    """Addresses of all of them."""
    return {**services, **graph_service}


# Postgres


@pytest.fixture(scope="session")
def server_url(services: Mapping[str, str]) -> str:
    """A database to connect to for making others."""
    return services["DATABASE_URL"]


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """A database of this test without any table."""
    with temporary_database(server_url, f"gw_empty_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a migrated database, to make copies of; nobody may stay connected to it."""
    from groundwork_data.postgres.migrations import migrate  # noqa: PLC0415 - loads alembic

    name = f"gw_template_{uuid.uuid4().hex[:12]}"
    with temporary_database(server_url, name) as url:
        migrate(url, MIGRATIONS / "postgres")
        yield name


@pytest.fixture
def database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A freshly migrated database of this test alone (about 30 ms of CPU)."""
    name = f"gw_test_{uuid.uuid4().hex[:12]}"
    with temporary_database(server_url, name, template=migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database of one test module."""
    name = f"gw_module_{uuid.uuid4().hex[:12]}"
    with temporary_database(server_url, name, template=migrated_template) as url:
        yield url


# Neo4j


@dataclass(frozen=True)
class Graph:
    """An empty graph and how to reach it."""

    uri: str
    user: str
    password: str
    driver: "neo4j_driver.Driver"


@pytest.fixture(scope="session")
def graph_driver(graph_service: Mapping[str, str]) -> Iterator["neo4j_driver.Driver"]:
    """One driver for the run; tests take the fixture `neo4j`."""
    import neo4j as library  # noqa: PLC0415 - 0.6 s that only graph tests pay

    with library.GraphDatabase.driver(
        graph_service["NEO4J_URI"],
        auth=(graph_service["NEO4J_USER"], graph_service["NEO4J_PASSWORD"]),
        telemetry_disabled=True,
        notifications_min_severity="OFF",
    ) as driver:
        yield driver


@pytest.fixture
def neo4j(
    graph_service: Mapping[str, str],
    graph_driver: "neo4j_driver.Driver",
    graph_migrations: Callable[[], None],
) -> Iterator[Graph]:
    """A migrated graph without nodes, for one test at a time."""
    with empty_graph(graph_service, graph_driver, graph_migrations) as graph:
        yield graph


@contextmanager
def empty_graph(
    graph_service: Mapping[str, str],
    graph_driver: "neo4j_driver.Driver",
    graph_migrations: Callable[[], None],
) -> Iterator[Graph]:
    """Hold the graph of the run, emptied, for the length of a `with` block."""
    port = graph_service["NEO4J_URI"].rsplit(":", 1)[1]
    with (Path(tempfile.gettempdir()) / f"groundwork-graph-{port}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        graph_driver.execute_query(WIPE)
        graph_migrations()
        yield Graph(
            graph_service["NEO4J_URI"],
            graph_service["NEO4J_USER"],
            graph_service["NEO4J_PASSWORD"],
            graph_driver,
        )


@pytest.fixture(scope="session")
def graph_migrations(
    graph_service: Mapping[str, str], graph_driver: "neo4j_driver.Driver"
) -> Callable[[], None]:
    """Migrate the graph at the first call of a run, and after a test that undid it."""
    from groundwork_data.graph.migrations import read  # noqa: PLC0415 - graph tests alone

    wanted = len(read(MIGRATIONS / "graph"))
    checked = False

    def ensure() -> None:
        nonlocal checked
        found = graph_driver.execute_query("MATCH (m:Migration) RETURN count(m)").records[0][0]
        if not checked or found != wanted:
            _migrate_graph(graph_service, graph_driver)
            checked = True

    return ensure


def _migrate_graph(graph_service: Mapping[str, str], driver: "neo4j_driver.Driver") -> None:
    """Apply what is missing. A warm graph that saw an earlier draft of a file starts anew."""
    from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - as above
    from groundwork_data.graph.migrations import ChangedMigration, migrate  # noqa: PLC0415

    graph = GraphDatabase(
        graph_service["NEO4J_URI"], graph_service["NEO4J_USER"], graph_service["NEO4J_PASSWORD"]
    )
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
