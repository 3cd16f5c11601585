"""The made-up web and an instance that polls it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
from tests.child_instance import Instance

from benchmarks.ingestion.addresses import on_ports
from benchmarks.ingestion.mapped_root import make_root
from benchmarks.ingestion.usage import Usage, postgres_of

LOOPBACK = "127.0.0.0/8"
IMPORTED_AT_ONCE = 500
"""An answer takes less than the 29 s of API Gateway, also on a busy machine."""


@dataclass(frozen=True)
class Web:
    """The server of all hosts."""

    process: psutil.Process
    http_port: int
    https_port: int
    bundle: Path
    """Certificates to trust."""
    urls: Sequence[str]
    """The addresses of the sources, with the ports of this server."""

    def seen(self) -> dict[str, Any]:
        """Return what the hosts have seen since the start, or since `start`."""
        found: dict[str, Any] = httpx2.get(f"http://127.0.0.1:{self.http_port}/seen").json()
        return found

    def start(self, changing: float) -> None:
        """Count from 0; from now on such a share of the feeds changes every 15 minutes."""
        url = f"http://127.0.0.1:{self.http_port}/start?changing={changing}"
        httpx2.get(url).raise_for_status()

    def cpu(self) -> float:
        """Return its CPU seconds so far."""
        return float(sum(self.process.cpu_times()[:2]))


@contextmanager
def serving(addresses: Sequence[str], folder: Path) -> Iterator[Web]:
    """Serve all hosts of the addresses."""
    hosts = sorted({urlsplit(one).hostname or "" for one in addresses})
    given = folder / "web.json"
    given.write_text(json.dumps({"folder": str(folder), "hosts": hosts}))
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingestion.made_web", str(given)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            said = json.loads(process.stdout.readline())
            http_port, https_port = said["ports"]
            urls = [on_ports(one, http_port, https_port) for one in addresses]
            bundle = Path(said["bundle"])
            yield Web(psutil.Process(process.pid), http_port, https_port, bundle, urls)
        finally:
            process.terminate()


@dataclass(frozen=True)
class Run:
    """A running instance that polls the made-up web."""

    instance: Instance
    web: Web
    database: psycopg.Connection[tuple[Any, ...]]
    usage: Usage
    folder: Path

    def one(self, statement: str) -> tuple[Any, ...]:
        """Return the first row of a statement's answer."""
        row = self.database.execute(statement).fetchone()
        assert row is not None
        return row

    def import_sources(self) -> None:
        """Add the addresses as sources, `IMPORTED_AT_ONCE` in a request."""
        urls = self.web.urls
        with self.instance.client() as client:
            for start in range(0, len(urls), IMPORTED_AT_ONCE):
                answer = client.post(
                    "/api/v1/sources/import",
                    content="\n".join(urls[start : start + IMPORTED_AT_ONCE]),
                    headers={"Content-Type": "text/plain"},
                )
                answer.raise_for_status()
                if failed := answer.json()["failed"]:
                    print(f"left out: {failed[:3]}")


@contextmanager
def polling(addresses: Sequence[str]) -> Iterator[Run]:
    """Start the web and an instance without sources."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user passes through
        with serving(addresses, folder) as web:
            settings = {
                "GROUNDWORK_ROOT": str(make_root(folder)),
                "GROUNDWORK_FETCH_ALLOW": LOOPBACK,
                "SSL_CERT_FILE": str(web.bundle),
            }
            with (
                Instance(folder / "home", settings) as up,
                psycopg.connect(up.addresses["DATABASE_URL"], autocommit=True) as database,
            ):
                server = postgres_of(database.info.backend_pid)
                usage = Usage(psutil.Process(up.process.pid), server)
                usage.start()
                try:
                    yield Run(up, web, database, usage, folder)
                finally:
                    usage.stop()
