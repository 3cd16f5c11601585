"""Throughput and latency of one read and one list, beside FastAPI, in one run.

    .venv/bin/python -m benchmarks.http.run [--seconds 10] [--out docs/benchmarks]

Same machine, same Postgres, same rows, same token, the same number of worker processes; wrk keeps
the connections alive. The peers are what a good engineer would write: benchmarks/http/peer_*.py.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2
import psutil
import psycopg

from benchmarks.http.report import write_report
from groundwork_host.child_instance import Instance, free_port
from groundwork_host.services.home import Home
from groundwork_host.services.postgres import Postgres

HERE = Path(__file__).parent
ROWS = 20_000
PROCESSES = 2
SEED = f"""
INSERT INTO entities (name, type, confidence, key, aliases, attributes)
SELECT 'Entity number ' || i, (ARRAY['person', 'organization', 'topic', 'website'])[1 + i % 4],
       (i % 100) / 100.0, 'bench-' || i, ARRAY['alias ' || i],
       jsonb_build_object('rank', i, 'note', repeat('x', 80))
FROM generate_series(1, {ROWS}) i
"""


@dataclass(frozen=True)
class Measured:
    """One cell of the table."""

    server: str
    job: str
    clients: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    cpu_seconds: float
    memory_mb: float


def seed(database_url: str) -> list[str]:
    """Fill the table without the outbox (this measures reads) and return some ids."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(SEED)
        connection.execute("VACUUM ANALYZE entities")
        rows = connection.execute("SELECT id FROM entities ORDER BY random() LIMIT 2000").fetchall()
    return [str(row[0]) for row in rows]


def load(url: str, token: str, paths: Path, clients: int, seconds: int) -> dict[str, float]:
    """Run wrk once and return what it measured."""
    done = subprocess.run(
        [
            "wrk",
            f"--threads={min(2, clients)}",
            f"--connections={clients}",
            f"--duration={seconds}s",
            "--timeout=10s",
            "--latency",
            f"--script={HERE / 'load.lua'}",
            f"--header=Authorization: Bearer {token}",
            url,
        ],
        env={**os.environ, "PATHS": str(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def usage(root: psutil.Process) -> tuple[float, float]:
    """CPU seconds and resident MB of a process and all below it."""
    cpu = memory = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += process.memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            continue
    return cpu, memory


def measure(
    server: str, url: str, token: str, root: psutil.Process, jobs: dict[str, Path], seconds: int
) -> Iterator[Measured]:
    """Measure all jobs at 1, 100 and 1,000 clients."""
    for job, paths in jobs.items():
        load(url, token, paths, 10, 2)  # warm
        for clients in (1, 100, 1000):
            before, _ = usage(root)
            got = load(url, token, paths, clients, seconds)
            after, memory = usage(root)
            cell = Measured(
                server,
                job,
                clients,
                round(got["requests"] / got["seconds"]),
                got["p50_ms"],
                got["p95_ms"],
                got["p99_ms"],
                int(got["errors"]),
                round(after - before, 1),
                round(memory),
            )
            print(cell, flush=True)
            yield cell


@contextmanager
def peer(module: str, database_url: str, jwks: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run a peer under uvicorn with the same number of processes."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            f"benchmarks.http.{module}:app",
            f"--port={port}",
            f"--workers={PROCESSES}",
            "--no-access-log",
            "--log-level=warning",
            "--backlog=4096",
        ],
        env={
            **os.environ,
            "PEER_DATABASE_URL": database_url.replace("postgresql://", "postgresql+psycopg://"),
            "JWKS": jwks,
        },
    )
    try:
        for _ in range(200):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/openapi.json")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    """Measure all three and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=10)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    cells: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user passes through
        home = Home(Path(folder) / "database")
        home.prepare()
        postgres = Postgres(home)
        database_url = postgres.start(print)["DATABASE_URL"]
        settings = {
            "DATABASE_URL": database_url,
            "GROUNDWORK_RATE_LIMIT": "0",
            "GROUNDWORK_ENVIRONMENTS": str(PROCESSES),
        }
        try:
            with Instance(Path(folder) / "home", settings) as ours, ours.client() as client:
                ids = seed(database_url)
                jobs = {"read": Path(folder) / "read", "list": Path(folder) / "list"}
                jobs["read"].write_text("".join(f"/api/v1/entities/{i}\n" for i in ids))
                jobs["list"].write_text("/api/v1/entities?type=person&limit=50\n")
                jwks = client.get("/.well-known/jwks.json").text
                root = psutil.Process(ours.process.pid)

                def token() -> str:
                    with ours.client() as fresh:
                        return fresh.headers["Authorization"].removeprefix("Bearer ")

                cells += measure("groundwork", ours.url, token(), root, jobs, options.seconds)
                for module in ("peer_sync", "peer_async"):
                    with peer(module, database_url, jwks) as (url, process):
                        name = f"fastapi {module.removeprefix('peer_')}"
                        cells += measure(name, url, token(), process, jobs, options.seconds)
        finally:
            postgres.stop()
    write_report([asdict(cell) for cell in cells], options.out)


if __name__ == "__main__":
    main()
