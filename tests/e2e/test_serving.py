"""`groundwork serve` needs its database migrated and in UTF-8, and needs no graph to start."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import psycopg
import pytest

from ..child_instance import free_port
from ..databases import temporary_database
from ..hosts import ServingHost
from ..instances import run

NOBODY = "bolt://127.0.0.1:{port}"


def settings_of(services: Mapping[str, str], database_url: str, home: Path) -> dict[str, str]:
    """A deployment on the services of the tests, whose graph is away."""
    return {
        **services,
        "DATABASE_URL": database_url,
        "NEO4J_URI": NOBODY.format(port=free_port()),
        "NEO4J_PASSWORD": "nobody-asks-for-it",
        "GROUNDWORK_FUNCTIONS": "RestApi",
        "GROUNDWORK_ENVIRONMENTS": "1",
        "GROUNDWORK_SCHEMA_WAIT_SECONDS": "0",
        "GROUNDWORK_HOME": str(home),
        "AWS_REGION": "eu-central-1",
    }


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return {row[0] for row in connection.execute(query)}


@pytest.fixture
def unmigrated(server_url: str) -> Iterator[str]:
    with temporary_database(server_url, f"gw_unmigrated_{free_port()}") as url:
        yield url


@pytest.fixture
def ascii_database(server_url: str) -> Iterator[str]:
    name = f"gw_ascii_{free_port()}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII'"
            " LOCALE_PROVIDER libc LOCALE 'C'"
        )
        yield server_url.rsplit("/", 1)[0] + "/" + name
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_host_starts_while_the_graph_is_away_and_reports_it(
    services: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    with ServingHost(tmp_path, settings_of(services, database_url, tmp_path)) as host:
        host.ready()
        answer = httpx2.get(f"{host.url}/health/ready", timeout=60)
        assert answer.status_code == 200
        found = answer.json()
        assert (found["status"], found["dependencies"]["graph"]["state"]) == ("degraded", "down")


def test_migrating_needs_the_graph(
    services: Mapping[str, str], unmigrated: str, tmp_path: Path
) -> None:
    """With the guard disabled: a host that migrated at its start would not start."""
    settings = settings_of(services, unmigrated, tmp_path)
    done = run("migrate", environment=settings, expect=1)
    assert "Neo4j" in done.stderr or "graph" in done.stderr


def test_a_host_on_a_database_without_schema_ends_and_creates_nothing(
    services: Mapping[str, str], unmigrated: str, tmp_path: Path
) -> None:
    done = run("serve", environment=settings_of(services, unmigrated, tmp_path), expect=1)
    assert "run `groundwork migrate`" in done.stderr
    assert tables(unmigrated) == set()


def test_a_host_on_a_database_that_is_not_utf8_ends_and_says_so(
    services: Mapping[str, str], ascii_database: str, tmp_path: Path
) -> None:
    done = run("serve", environment=settings_of(services, ascii_database, tmp_path), expect=1)
    assert "SQL_ASCII" in done.stderr
    assert "ENCODING 'UTF8'" in done.stderr
