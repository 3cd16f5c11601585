"""The previous release and this one on one database, before, during and after the migrations.

migrations/previous_release.toml names the previous release. A rolling deployment migrates first;
then both releases serve until the last old host has ended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import psycopg
import pytest

from ..child_instance import free_port
from ..conftest import empty_graph
from ..earlier_release import EarlierRelease, NoHistory, unpack
from ..feeds import FeedServer
from ..hosts import ServingHost, deployment
from ..instances import COMMAND, run
from ..main_paths import broken_paths
from ..pipeline_scripts import script
from ..waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    import neo4j as neo4j_driver

pytestmark = [pytest.mark.long, pytest.mark.services]
PATIENCE_SECONDS = 600
PREVIOUS = script("previous_release").recorded()
WITHOUT_WAITING = (
    "from groundwork_command.commands import serve\n"
    "async def at_once(*_: object) -> bool:\n"
    "    return True\n"
    "serve._schema_is_there = at_once\n"
    "serve.serve()\n"
)


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> EarlierRelease:
    try:
        return unpack(PREVIOUS.commit, tmp_path_factory.mktemp("previous"))
    except NoHistory as error:
        pytest.skip(str(error))


@dataclass
class Deployed:
    """A deployment of the previous release on its own schema."""

    settings: Mapping[str, str]
    owner_url: str

    def migrate(self) -> None:
        """Do what a deployment of this release does before its hosts start."""
        run("migrate", environment=self.settings, timeout=PATIENCE_SECONDS)
        run("bootstrap", environment=self.settings, timeout=PATIENCE_SECONDS)

    def schema(self) -> str:
        with psycopg.connect(self.owner_url) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""


@pytest.fixture
def deployed(
    previous: EarlierRelease,
    all_services: Mapping[str, str],
    server_url: str,
    graph_driver: "neo4j_driver.Driver",
    graph_migrations: "Callable[[], None]",
    tmp_path: Path,
) -> Iterator[Deployed]:
    name = f"gw_releases_{free_port()}"
    owner_url = f"{server_url.rsplit('/', 1)[0]}/{name}"
    settings = {
        **deployment(all_services, owner_url),
        "GROUNDWORK_ENV": "local",  # the feeds of this test are on loopback
        "GROUNDWORK_HOME": str(tmp_path / "home"),
        "GROUNDWORK_FETCH_ALLOW": "127.0.0.0/8",
        "GROUNDWORK_SWEEP_AFTER_SECONDS": "5",
        "GROUNDWORK_SCHEMA_WAIT_SECONDS": "3600",
    }
    with (
        empty_graph(all_services, graph_driver, graph_migrations),
        psycopg.connect(server_url, autocommit=True) as server,
    ):
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            previous.run("migrate", environment=settings)
            previous.run("bootstrap", environment=settings)
            found = Deployed(settings, owner_url)
            assert found.schema() == PREVIOUS.schema
            yield found
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            server.execute(f"DROP ROLE IF EXISTS {name}_functions")


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_the_previous_release_serves_on_the_new_schema_and_on_the_old_one_again(
    previous: EarlierRelease, deployed: Deployed, feeds: FeedServer, tmp_path: Path
) -> None:
    with ServingHost(tmp_path, deployed.settings, command=previous.command) as old:
        old.ready()
        assert broken_paths(old, feeds) == {}, "on its own schema"
        deployed.migrate()
        assert deployed.schema() > PREVIOUS.schema
        assert broken_paths(old, feeds) == {}, "on the new schema"
        with ServingHost(tmp_path, deployed.settings, command=previous.command) as again:
            assert broken_paths(again.ready(), feeds) == {}, "started on the new schema"
        back = ("migrate", "--to", PREVIOUS.schema)
        run(*back, environment=deployed.settings, timeout=PATIENCE_SECONDS)
        assert deployed.schema() == PREVIOUS.schema
        assert broken_paths(old, feeds) == {}, "after the way back"
        # The paths notice a migration that takes away what the previous release reads.
        with psycopg.connect(deployed.owner_url, autocommit=True) as owner:
            owner.execute("ALTER TABLE contents RENAME COLUMN title TO heading")
        assert set(broken_paths(old, feeds)) == {"publish", "engage"}


def test_a_new_host_waits_for_its_schema_and_then_serves_beside_an_old_one(
    previous: EarlierRelease, deployed: Deployed, feeds: FeedServer, tmp_path: Path
) -> None:
    with (
        ServingHost(tmp_path, deployed.settings, command=previous.command) as old,
        ServingHost(tmp_path, deployed.settings) as new,
    ):
        old.ready()
        waits = f"The schema has revision {PREVIOUS.schema}"
        assert eventually(lambda: waits in new.log, PATIENCE_SECONDS)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{new.url}/health/live")
        assert broken_paths(old, feeds) == {}, "beside a host that waits"
        deployed.migrate()
        assert broken_paths(new.ready(), feeds) == {}, "the new host"
        assert broken_paths(old, feeds) == {}, "the old host beside the new one"


def test_a_new_host_that_does_not_wait_says_which_paths_need_the_migrations(
    deployed: Deployed, feeds: FeedServer, tmp_path: Path
) -> None:
    python = str(COMMAND.with_name("python"))
    (tmp_path / "at_once.py").write_text(WITHOUT_WAITING)
    hasty = (python, str(tmp_path / "at_once.py"))
    with ServingHost(tmp_path, deployed.settings, command=hasty) as new:
        found = broken_paths(new.ready(), feeds)
        print("on the old schema:", found)
        assert new.process.poll() is None
        deployed.migrate()
        assert broken_paths(new, feeds) == {}
