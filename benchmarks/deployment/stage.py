"""Services and a migrated deployment for the measurements, gone after them."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
from tests.child_instance import free_port
from tests.hosts import ServingHost, deployment
from tests.instances import run

from groundwork_command.services.__main__ import throwaway
from groundwork_command.services.home import Home

Settings = Mapping[str, str]
HTTP = "RestApi,Identity,GraphApi"
ENTITIES = 2_000
BATCH = 1_000
SLOW_SECONDS = 600


@contextmanager
def services() -> Iterator[Settings]:
    """Postgres, Neo4j and the emulator; those of GROUNDWORK_TEST_SERVICES, to try a change."""
    warm = os.environ.get("GROUNDWORK_TEST_SERVICES")
    if warm:
        yield json.loads(Path(warm).read_text())
        return
    # Not in a folder that is closed to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-deployment-"))
    folder.chmod(0o755)
    supervisor = throwaway(Home(folder))
    try:
        yield supervisor.start(lambda _name, _line: None)
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def deployed(
    found: Settings, set_up: Callable[[Settings], object] | None = None
) -> Iterator[Settings]:
    """A database with schema, queues and first admin; `set_up` replaces this release's commands."""
    name = f"gw_measured_{free_port()}"
    server_url = found["DATABASE_URL"]
    folder = Path(tempfile.mkdtemp(prefix="groundwork-home-"))
    settings = {
        **deployment(found, f"{server_url.rsplit('/', 1)[0]}/{name}"),
        "GROUNDWORK_HOME": str(folder),
        "GROUNDWORK_RATE_LIMIT": "1000000",
        "GROUNDWORK_ENVIRONMENTS": "2",
        "GROUNDWORK_API_KEY": "",
        "GROUNDWORK_ADMIN_PASSWORD": secrets.token_urlsafe(18),
    }
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            (set_up or prepare)(settings)
            yield settings
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            server.execute(f"DROP ROLE IF EXISTS {name}_functions")
            shutil.rmtree(folder, ignore_errors=True)


def prepare(settings: Settings) -> None:
    """Migrate and bootstrap with this release."""
    run("migrate", "--wait", "10", environment=settings, timeout=SLOW_SECONDS)
    run("bootstrap", environment=settings, timeout=SLOW_SECONDS)


def fill(host: ServingHost) -> tuple[str, list[str]]:
    """Make entities; return a token and their ids."""
    with host.client() as admin:
        ids: list[str] = []
        for first in range(0, ENTITIES, BATCH):
            items = [
                {"name": f"e{n}", "type": "person", "confidence": 1, "key": f"bench-{n}"}
                for n in range(first, first + BATCH)
            ]
            answer = admin.post("/api/v1/entities/bulk", json={"items": items})
            ids += [one["id"] for one in answer.raise_for_status().json()["results"]]
        return token_of(admin), ids


def token_of(client: httpx2.Client) -> str:
    """Return the token that a client carries."""
    return str(client.headers["Authorization"]).removeprefix("Bearer ")
