"""The zips that `sam build` makes, deployed to an emulator and run under its Lambda runtime."""

import asyncio
import hashlib
import http.server
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest
from tests.plain_ministack import started
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from groundwork_command.emulator_bootstrap.deploy import Deployed, deploy
from groundwork_command.services.home import Home
from groundwork_data.postgres.migrations import migrate
from groundwork_lambda_host.pollers import AwsSettings

from ..conftest import MIGRATIONS, Emulator
from ..databases import temporary_database

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
# The emulator runs functions with this Python, in which the project is installed: take it away
# again, so that a function finds what its zip and its layers hold and nothing else.
ONLY_ZIPS = f"""
import sys
sys.path[:] = [path for path in sys.path if not path.startswith({str(ROOT)!r} + "/")
               or path.startswith({str(ROOT / ".venv")!r})]
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>A feed</title>
<link>http://feed.test/</link><item><title>First</title><link>http://feed.test/1</link>
<guid>1</guid><description>Text</description></item></channel></rss>"""


@dataclass(frozen=True)
class Site:
    """The deployed stack with its emulator, database and feed."""

    deployed: Deployed
    emulator: Emulator
    database_url: str
    feed: str

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            done = connection.execute(statement.encode(), values)
            return done.fetchall() if done.description else []

    @property
    def http(self) -> str:
        return self.deployed.outputs["ApiUrl"]

    @property
    def live(self) -> str:
        api = self.deployed.resources["LiveApi"]
        base = self.emulator.endpoint.replace("http://", "ws://")
        return f"{base}/_aws/execute-api/{api}/ws"


def eventually(seen: Callable[[], bool], *, within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


class _Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        self.wfile.write(FEED.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        pass


@pytest.fixture(scope="module")
def feed() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Feed) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def site(server_url: str, own_build: Path, feed: str) -> Iterator[Site]:
    with (
        tempfile.TemporaryDirectory() as folder,
        temporary_database(server_url, f"gw_zips_{time.time_ns()}") as database_url,
    ):
        migrate(database_url, MIGRATIONS / "postgres")
        (Path(folder) / "sitecustomize.py").write_text(ONLY_ZIPS)
        home = Home(Path(folder) / "home")
        home.prepare()
        service, endpoint = started(home, folder)
        try:
            deployed = deploy(
                own_build,
                AwsSettings("eu-central-1", endpoint, "test", "test"),
                stack_name="zips",
                parameters={
                    "Stage": "local",
                    "DatabaseUrl": database_url,
                    "Neo4jUri": "bolt://127.0.0.1:9",
                    "Neo4jPassword": "none-is-needed",
                    "FetchAllow": feed,
                },
            )
            yield Site(deployed, Emulator(endpoint, "zips"), database_url, feed)
        finally:
            service.stop(patience_seconds=10)
            log = home.logs / "emulator.log"
            if log.exists():
                print(log.read_text()[-8000:])


def test_the_zip_of_a_function_serves_an_http_call(site: Site) -> None:
    live = httpx2.get(site.http + "/health/live", timeout=60)
    assert live.status_code == 200, live.text
    refused = httpx2.get(site.http + "/api/v1/sources", timeout=60)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"]


def test_the_zip_of_a_function_handles_a_websocket_message(site: Site) -> None:
    ((user,),) = site.query(
        "INSERT INTO users (email, name, roles, password_hash)"
        " VALUES ('zip@example.test', 'Zip', '{viewer}', 'none') RETURNING id"
    )
    site.query(
        "INSERT INTO socket_tickets (ticket_hash, user_id, permissions, expires_at)"
        " VALUES (%s, %s, '{entities:read}', now() + interval '1 minute')",
        hashlib.sha256(b"the-ticket").digest(),
        user,
    )

    async def run() -> dict[str, object]:
        with pytest.raises(InvalidStatus):
            await connect(site.live + "?ticket=wrong", open_timeout=60)
        async with connect(site.live + "?ticket=the-ticket", open_timeout=60) as socket:
            await socket.send('{"action":"subscribe","topics":["entities"]}')
            return dict(json.loads(await asyncio.wait_for(socket.recv(), 30)))

    answer = asyncio.run(run())
    assert (answer["type"], answer["topics"]) == ("subscribed", ["entities"])


def test_the_zips_of_functions_run_a_schedule_and_its_queues(site: Site) -> None:
    """Scheduler claims the due source, relay announces it, fetch brings its document."""
    ((source,),) = site.query(
        "INSERT INTO sources (name, url, schedule) VALUES ('A feed', %s, %s) RETURNING id",
        f"http://{site.feed}/feed.xml",
        json.dumps({"kind": "interval", "every_seconds": 900}),
    )
    site.query("INSERT INTO source_states (source_id, next_poll_at) VALUES (%s, now())", source)
    # The schedule fires every minute.
    assert eventually(
        lambda: site.query("SELECT ticket FROM source_states")[0][0] is not None,
        within_seconds=100,
    ), "the schedule did not fire"
    assert eventually(
        lambda: site.query("SELECT title FROM documents") == [("First",)], within_seconds=100
    ), site.query("SELECT status, error FROM source_states")
