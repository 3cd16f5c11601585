"""Groundwork as it serves: a whole instance, its relay and its graph included."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
from tests.child_instance import Instance

SETTINGS = {"GROUNDWORK_RATE_LIMIT": "0"}
ADD = """
INSERT INTO jobs (kind, party, payload)
SELECT %s, 'bench', jsonb_build_object('n', n) FROM generate_series(1, %s) n
"""


@contextmanager
def serving() -> Iterator[Instance]:
    """Start an instance in a folder of its own, and stop it."""
    with tempfile.TemporaryDirectory(prefix="groundwork-jobs-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        with Instance(folder / "home", SETTINGS) as up:
            yield up


def cpu_seconds(process: psutil.Process) -> float:
    """Return what a process and its children have used."""
    found = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            used = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += used.user + used.system
    return found


def await_class_archive(up: Instance, most_seconds: float) -> None:
    """Wait until the archive of Java's classes is made, which an instance does once."""
    ends = time.time() + most_seconds
    while time.time() < ends:
        running = psutil.Process(up.process.pid).children(recursive=True)
        if not any("-Xshare:dump" in _command(one) for one in running):
            return
        time.sleep(0.5)


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def work(
    up: Instance, kind: str, count: int, seconds: float, pause: float, jobs: int, handed: str
) -> Any:
    """Let workers work in a process of their own; return what they print."""
    with up.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.jobs.workers", up.url, token, kind, str(count),
         str(seconds), str(pause), str(jobs), handed],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def throughput(
    up: Instance, count: int, seconds: float, queued: int, jobs: int = 1, handed: str = "each"
) -> dict[str, float]:
    """Return jobs applied each second by so many workers, and milliseconds of CPU for each.

    `jobs` is the number of jobs that a worker leases in one request. They are handed in `each` by
    its own request, or `together`.
    """
    kind = f"bench_{count}_{int(time.time())}"
    with psycopg.connect(up.addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(ADD, [kind, queued])
        connection.execute("ANALYZE jobs")
    time.sleep(3)
    process = psutil.Process(up.process.pid)
    before = cpu_seconds(process)
    found = work(up, kind, count, seconds, 0.02, jobs, handed)
    used = cpu_seconds(process) - before
    return {
        "per_second": found["done"] / found["seconds"],
        "cpu_ms": 1000 * used / max(found["done"], 1),
    }


def add_to_start(up: Instance, count: int, rate: float, seconds: float) -> list[float]:
    """Add jobs over HTTP at a rate; return the seconds from each call to its worker's start."""
    kind = f"bench_start_{count}_{int(time.time())}"
    with up.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        workers = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.jobs.workers", up.url, token, kind, str(count),
             str(seconds + 2), "0.02", "1", "each"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(1)
        _add(client, kind, rate, seconds)
        text, _ = workers.communicate(timeout=seconds + 60)
    waits: list[float] = json.loads(text)["waits"]
    return waits


def _add(client: httpx2.Client, kind: str, rate: float, seconds: float) -> None:
    began = time.time()
    for n in range(int(rate * seconds)):
        time.sleep(max(0.0, began + n / rate - time.time()))
        body = {"kind": kind, "payload": {"n": n, "made": time.time()}}
        client.post("/api/v1/jobs", json=body).raise_for_status()
